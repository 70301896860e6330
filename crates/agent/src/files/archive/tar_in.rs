use std::io::Read;

use maru_model::Text;
use tar::{Archive, EntryType, PaxExtensions};

use super::unpack::{Sink, Stop};

/// Bytes of what is said about one entry before it.
const ABOUT: u64 = 256 * 1024;

/// What the entries before an entry say of it.
#[derive(Default)]
struct About {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

/// Reads entry by entry. Long names are read here and not by the library, which would take a gigabyte of them.
pub(super) fn read(archive: &mut dyn Read, sink: &mut Sink<'_>) -> Result<(), Stop> {
    let broken = |error: std::io::Error| Stop::broken(&error);
    let mut archive = Archive::new(archive);
    let mut about = About::default();
    for entry in archive.entries().map_err(broken)?.raw(true) {
        let mut entry = entry.map_err(broken)?;
        let kind = entry.header().entry_type();
        let size = entry.size();
        let mut text = || -> Result<Vec<u8>, Stop> {
            if size > ABOUT {
                return Err(Stop::Bad(Text::new("The archive has a name of absurd length.", "압축 파일 안의 이름이 비정상적으로 깁니다.")));
            }
            let mut text = Vec::new();
            entry.read_to_end(&mut text).map_err(broken)?;
            Ok(text)
        };
        let until_nul = |mut text: Vec<u8>| {
            text.truncate(text.iter().position(|&b| b == 0).unwrap_or(text.len()));
            text
        };
        match kind {
            EntryType::GNULongName => about.name = Some(until_nul(text()?)),
            EntryType::GNULongLink => about.link = Some(until_nul(text()?)),
            EntryType::XHeader => pax(&text()?, &mut about)?,
            // Says nothing that we need.
            EntryType::XGlobalHeader => {}
            _ => {
                let about = std::mem::take(&mut about);
                let name = about.name.unwrap_or_else(|| entry.header().path_bytes().into_owned());
                let link = about.link.or_else(|| entry.header().link_name_bytes().map(std::borrow::Cow::into_owned)).unwrap_or_default();
                let Some(path) = sink.enter(&name, false)? else { continue };
                let mode = entry.header().mode().ok();
                match kind {
                    _ if kind.is_dir() => sink.folder(&path)?,
                    EntryType::Regular | EntryType::Continuous if name.ends_with(b"/") => sink.folder(&path)?,
                    EntryType::Regular | EntryType::Continuous => sink.file(&path, mode, true, &mut entry)?,
                    EntryType::Symlink => sink.link(path, &link)?,
                    EntryType::Link => sink.hard_link(&path, &link)?,
                    EntryType::GNUSparse => {
                        return Err(Stop::Bad(Text::new(
                            "The archive has sparse files; make one without --sparse.",
                            "희소(sparse) 파일이 들어 있습니다. --sparse 없이 다시 묶으세요.",
                        )));
                    }
                    _ => return Err(super::no_file(&path)),
                }
            }
        }
    }
    Ok(())
}

fn pax(text: &[u8], about: &mut About) -> Result<(), Stop> {
    for item in PaxExtensions::new(text) {
        let item = item.map_err(|e| Stop::broken(&e))?;
        match item.key_bytes() {
            b"path" => about.name = Some(item.value_bytes().to_vec()),
            b"linkpath" => about.link = Some(item.value_bytes().to_vec()),
            // Sizes beyond 8 GiB, and holes: neither is unpacked.
            b"size" | b"GNU.sparse.major" | b"GNU.sparse.map" | b"GNU.sparse.size" => {
                return Err(Stop::Bad(Text::new(
                    "The archive has sparse or giant files.",
                    "희소(sparse) 파일이나 너무 큰 파일이 들어 있습니다.",
                )));
            }
            _ => {}
        }
    }
    Ok(())
}
