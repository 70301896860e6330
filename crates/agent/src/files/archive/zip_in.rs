use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

use maru_model::Text;
use zip::read::Config;
use zip::result::ZipError;
use zip::unstable::read::ZipIterable;
use zip::{CompressionMethod, System, ZipReadOptions};

use super::unpack::{Sink, Stop};

const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
const LINK_LENGTH: u64 = 4096;

/// A file read from a place of its own: two readers of one descriptor do not move each other.
struct At<'a> {
    file: &'a File,
    at: u64,
}

impl<'a> At<'a> {
    fn start(file: &'a File) -> BufReader<Self> {
        BufReader::new(Self { file, at: 0 })
    }
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.file.read_at(buffer, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for At<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let (base, offset) = match to {
            SeekFrom::Start(at) => (at, 0),
            SeekFrom::Current(by) => (self.at, by),
            SeekFrom::End(by) => (self.file.metadata()?.len(), by),
        };
        self.at = base.checked_add_signed(offset).ok_or(std::io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

fn broken(error: ZipError) -> Stop {
    match error {
        ZipError::Io(error) => Stop::broken(&error),
        other => Stop::Bad(Text::new(format!("The archive is broken: {other}."), format!("압축 파일이 손상되었습니다: {other}."))),
    }
}

/// Reads the central directory entry by entry: an archive of a million entries costs no more memory than one of two.
pub(super) fn read(file: &File, sink: &mut Sink<'_>) -> Result<(), Stop> {
    let mut archive = ZipIterable::try_new(At::start(file), Config::default()).map_err(broken)?.enforce_header_consistency(true);
    let mut entries = archive.files_with_reader(At::start(file), ZipReadOptions::default()).map_err(broken)?;
    while let Some(entry) = entries.next() {
        let mut entry = entry.map_err(|error| match error {
            ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => Stop::Bad(Text::new(
                "The archive is encrypted; make one without a password.",
                "암호가 걸린 압축 파일입니다. 암호 없이 다시 압축하세요.",
            )),
            other => broken(other),
        })?;
        if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(Stop::Bad(Text::new(
                "The archive is packed by a method that is not supported; make an ordinary zip.",
                "지원하지 않는 압축 방식입니다. 일반 zip으로 다시 압축하세요.",
            )));
        }
        let from_windows = matches!(entry.system(), System::Dos | System::WindowsNTFS);
        let is_folder = entry.is_dir() || from_windows && entry.name_raw().ends_with(b"\\");
        let raw = entry.name_raw().to_owned();
        let Some(path) = sink.enter(&raw, from_windows)? else { continue };
        let mode = entry.unix_mode();
        match mode.map_or(0, |mode| mode & KIND) {
            _ if is_folder => sink.folder(&path)?,
            0 | REGULAR => sink.file(&path, mode, false, &mut entry)?,
            FOLDER => sink.folder(&path)?,
            LINK => {
                let mut target = Vec::new();
                (&mut entry).take(LINK_LENGTH).read_to_end(&mut target).map_err(|e| Stop::broken(&e))?;
                sink.link(path, &target)?;
            }
            _ => return Err(super::no_file(&path)),
        }
    }
    Ok(())
}
