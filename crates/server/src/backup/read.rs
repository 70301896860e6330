//! Reading a backup's file: members come in their order, each as a stream over its parts.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use super::{ABOUT, About, FORMAT, Failure, MANIFEST, Manifest, Member};

pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

type Source = GzDecoder<BufReader<File>>;

/// Gives every member to `take`, which may leave some of it unread.
///
/// # Errors
/// Where the file is no backup, or `take` fails.
pub fn each(path: &Path, mut take: impl FnMut(&str, &mut dyn Read) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut archive = tar::Archive::new(GzDecoder::new(BufReader::with_capacity(1 << 20, File::open(path)?)));
    let mut parts = Parts { entries: archive.entries()?, next: None };
    parts.advance()?;
    while let Some((name, part, _)) = &parts.next {
        if *part != 0 {
            return Err(format!("{name} lacks its beginning").into());
        }
        let name = name.clone();
        let mut member = MemberReader { parts: &mut parts, name: name.clone(), part: 0 };
        take(&name, &mut member)?;
        io::copy(&mut member, &mut io::sink())?;
    }
    drop(parts);
    // What comes after the last member has the checksum of all.
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    Ok(())
}

struct Parts<'a> {
    entries: tar::Entries<'a, Source>,
    /// The member that it belongs to, its number, and itself.
    next: Option<(String, u32, tar::Entry<'a, Source>)>,
}

impl Parts<'_> {
    fn advance(&mut self) -> io::Result<()> {
        self.next = None;
        let Some(entry) = self.entries.next() else { return Ok(()) };
        let entry = entry?;
        let path = entry.path()?.to_string_lossy().into_owned();
        let (name, part) = path.rsplit_once('.').ok_or_else(|| broken(&path))?;
        let part = part.parse().map_err(|_| broken(&path))?;
        self.next = Some((name.to_owned(), part, entry));
        Ok(())
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what} does not belong in a backup"))
}

struct MemberReader<'a, 'b> {
    parts: &'a mut Parts<'b>,
    name: String,
    part: u32,
}

impl Read for MemberReader<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some((name, part, entry)) = &mut self.parts.next else { return Ok(0) };
            if *name != self.name {
                return Ok(0);
            }
            if *part != self.part {
                return Err(broken(&format!("part {part} of {name}")));
            }
            let read = entry.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.part += 1;
            self.parts.advance()?;
        }
    }
}

/// Reads the whole file and holds every member against the manifest.
///
/// # Errors
/// Where anything is missing or is not what was written.
pub fn verify(path: &Path) -> Result<About, Failure> {
    let mut found = Manifest::default();
    let (mut about, mut manifest) = (None, None);
    let read = each(path, |name, content| {
        if name == MANIFEST {
            manifest = Some(serde_json::from_reader::<_, Manifest>(content)?);
            return Ok(());
        }
        let mut hash = Sha256::new();
        let mut kept = Vec::new();
        let mut buffer = vec![0; 1 << 16];
        let mut bytes = 0;
        loop {
            let read = content.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
            bytes += read as u64;
            if name == ABOUT && bytes < 64 << 20 {
                kept.extend_from_slice(&buffer[..read]);
            }
        }
        if name == ABOUT {
            about = Some(serde_json::from_slice::<About>(&kept)?);
        }
        found.members.insert(name.to_owned(), Member { bytes, sha256: hexadecimal(&hash.finalize()) });
        Ok(())
    });
    read.map_err(|error| format!("{} cannot be read to its end: {error}. Use another backup.", path.display()))?;
    let Some(manifest) = manifest else {
        return Err(format!("{} is half a backup: its manifest is missing. Use another one.", path.display()).into());
    };
    let names = manifest.members.keys().chain(found.members.keys());
    if let Some(name) = names.into_iter().find(|name| manifest.members.get(*name) != found.members.get(*name)) {
        return Err(format!("{}: {name} is not what was written. Use another backup.", path.display()).into());
    }
    let about = about.ok_or_else(|| format!("{} says nothing about itself", path.display()))?;
    if about.format > FORMAT {
        return Err(format!("{} was written by a newer Maru ({})", path.display(), about.version).into());
    }
    Ok(about)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::super::write::Writer;
    use super::*;

    fn about() -> Vec<u8> {
        serde_json::to_vec(&About {
            format: FORMAT,
            version: "1".to_owned(),
            migration: 1,
            instance: "abcdef".to_owned(),
            created_at: jiff::Timestamp::UNIX_EPOCH,
            images: Vec::new(),
            has_images: false,
            has_cluster: false,
        })
        .unwrap()
    }

    /// Of ten megabytes, so that it has three parts.
    fn long() -> Vec<u8> {
        (0..10_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    }

    fn written(path: &Path) {
        let mut writer = Writer::new(path).unwrap();
        writer.whole(ABOUT, &about()).unwrap();
        let mut member = writer.member("homes/mina/0");
        for piece in long().chunks(12_345) {
            member.write_all(piece).unwrap();
        }
        member.end().unwrap();
        writer.whole("empty", b"").unwrap();
        writer.finish().unwrap();
    }

    #[test]
    fn what_is_written_is_read_and_what_was_changed_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("maru.backup");
        written(&path);
        assert!(Writer::new(&path).is_err(), "a backup is not overwritten");
        assert_eq!(verify(&path).unwrap().instance, "abcdef");
        let mut names = Vec::new();
        each(&path, |name, content| {
            names.push(name.to_owned());
            let mut bytes = Vec::new();
            // One is read whole, the others are left.
            if name.starts_with("homes") {
                content.read_to_end(&mut bytes)?;
                assert!(bytes == long());
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(names, [ABOUT, "homes/mina/0", "empty", MANIFEST]);

        let bytes = std::fs::read(&path).unwrap();
        for cut in [0, 1, bytes.len() / 3, bytes.len() - 5] {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            assert!(verify(&path).is_err(), "cut at {cut}");
        }
        for at in [20, bytes.len() / 2, bytes.len() - 100] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            std::fs::write(&path, &changed).unwrap();
            assert!(verify(&path).is_err(), "changed at {at}");
        }
    }
}
