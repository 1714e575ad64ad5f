//! Archives: whatever the bytes, no name leaves the folder, no more is unpacked than allowed, each file lies in the
//! buffer, and what was read is written again and read alike.

use std::collections::BTreeSet;
use std::io::Write as _;

use bomvet::acquire::archive::{self, ArchiveError, Limits, TopFolder, Unpacked};

const LIMITS: Limits = Limits { unpacked: 256 << 10, ratio: 40, ratio_floor: 32 << 10, files: 64 };
const TOPS: [TopFolder<'static>; 3] = [TopFolder::AnyOne, TopFolder::Exactly("a-1.0.0"), TopFolder::None];

type Read = fn(&[u8], TopFolder<'_>) -> Result<Unpacked, ArchiveError>;

fn check(data: &[u8], read: Read) -> bool {
    let mut taken = false;
    for top in TOPS {
        let got = read(data, top);
        let again = read(data, top);
        match (&got, &again) {
            (Ok(a), Ok(b)) => assert_eq!((&a.files, &a.buffer), (&b.files, &b.buffer), "two readings differ"),
            (Err(a), Err(b)) => assert_eq!(a, b, "two readings differ"),
            _ => panic!("two readings differ"),
        }
        match got {
            Ok(unpacked) => {
                taken |= !unpacked.files.is_empty();
                promises(&unpacked);
                for remark in &unpacked.remarks {
                    assert!(!format!("{remark:?}").is_empty());
                }
                same_when_written_again(&unpacked);
            }
            Err(error) => assert!(!error.to_string().is_empty() && error.rule().contains('/')),
        }
    }
    taken
}

fn promises(unpacked: &Unpacked) {
    assert!(unpacked.buffer.len() as u64 <= LIMITS.unpacked, "{} bytes", unpacked.buffer.len());
    assert!(unpacked.files.len() <= LIMITS.files);
    let mut seen = BTreeSet::new();
    let mut total = 0;
    for file in &unpacked.files {
        let path = &file.path;
        assert!(!path.is_empty() && !path.starts_with('/') && !path.contains(['\\', '\0']), "{path:?}");
        assert!(path.split('/').all(|part| !part.is_empty() && part != "." && part != ".."), "{path:?}");
        assert!(seen.insert(path.to_lowercase()), "{path:?} stands twice");
        assert!(file.range.start <= file.range.end && file.range.end <= unpacked.buffer.len());
        total += file.range.len() as u64;
    }
    assert!(total <= LIMITS.unpacked);
    for path in &seen {
        let above = path.match_indices('/').map(|(at, _)| &path[..at]);
        assert!(above.clone().all(|folder| !seen.contains(folder)), "{path:?} lies in a file");
    }
}

/// An honest archive of the files that were read gives the same files.
fn same_when_written_again(unpacked: &Unpacked) {
    let files: Vec<(String, &[u8])> = unpacked
        .files
        .iter()
        .map(|file| (format!("p/{}", file.path), &unpacked.buffer[file.range.clone()]))
        .collect();
    if files.is_empty() {
        return;
    }
    let again =
        archive::tar(write_tar(&files), TopFolder::Exactly("p"), &Limits { unpacked: 1 << 20, ..LIMITS });
    let again = again.unwrap_or_else(|error| panic!("what was read cannot be read again: {error}"));
    let view = |unpacked: &Unpacked| -> Vec<(String, Vec<u8>)> {
        unpacked
            .files
            .iter()
            .map(|file| (file.path.clone(), unpacked.buffer[file.range.clone()].to_vec()))
            .collect()
    };
    assert_eq!(view(unpacked), view(&again));
}

fn write_tar(files: &[(String, &[u8])]) -> Vec<u8> {
    let mut out = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(tar::EntryType::Regular);
        out.append_data(&mut header, path, *bytes).expect("in memory");
    }
    out.into_inner().expect("in memory")
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).expect("in memory");
    out.finish().expect("in memory")
}

/// Makes the checksum of each header right, so that mutations get past it.
fn mend(data: &[u8]) -> Vec<u8> {
    let mut bytes = data.to_vec();
    let mut at = 0;
    while at + 512 <= bytes.len() {
        let header = &mut bytes[at..at + 512];
        if header.iter().any(|b| *b != 0) {
            header[148..156].fill(b' ');
            let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
        let field = String::from_utf8_lossy(&header[124..136]).trim_matches(['\0', ' ']).to_owned();
        let size = usize::from_str_radix(&field, 8).unwrap_or(0);
        at = at.saturating_add(512).saturating_add(size.min(1 << 30).next_multiple_of(512));
    }
    bytes
}

/// A tar stream: as it is, and with right checksums.
pub fn tar(data: &[u8]) -> bool {
    let read: Read = |bytes, top| archive::tar(bytes.to_vec(), top, &LIMITS);
    check(data, read) | check(&mend(data), read)
}

/// A gzip stream, and the same bytes well compressed.
pub fn gzip(data: &[u8]) -> bool {
    let read: Read = |bytes, top| archive::tar_gz(bytes, top, &LIMITS);
    check(data, read) | check(&compress(data), read)
}

/// A zip archive.
pub fn zip(data: &[u8]) -> bool {
    check(data, |bytes, top| archive::zip(bytes, top, &LIMITS))
}

fn sample() -> Vec<(String, &'static [u8])> {
    [
        ("a-1.0.0/Cargo.toml", &b"[package]\nname = \"a\"\nversion = \"1.0.0\"\n"[..]),
        ("a-1.0.0/src/lib.rs", b"pub fn a() {}\n"),
        ("a-1.0.0/empty", b""),
    ]
    .map(|(path, bytes)| (path.to_owned(), bytes))
    .into()
}

pub fn tar_seeds() -> Vec<Vec<u8>> {
    let long = format!("a-1.0.0/{}/x.js", "d".repeat(150));
    let mut pax = tar::Builder::new(Vec::new());
    pax.append_pax_extensions([("path", long.as_bytes()), ("mtime", b"1.5")]).expect("in memory");
    let mut header = tar::Header::new_ustar();
    header.set_size(4);
    header.set_mode(0o755);
    header.set_entry_type(tar::EntryType::Regular);
    pax.append_data(&mut header, "a-1.0.0/x.js", &b"let "[..]).expect("in memory");
    let mut links = tar::Builder::new(Vec::new());
    for (kind, name, target) in [
        (tar::EntryType::Directory, "a-1.0.0/src/", None),
        (tar::EntryType::Symlink, "a-1.0.0/link", Some("src/lib.rs")),
        (tar::EntryType::Link, "a-1.0.0/hard", Some("a-1.0.0/link")),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(0);
        header.set_entry_type(kind);
        match target {
            Some(target) => links.append_link(&mut header, name, target).expect("in memory"),
            None => links.append_data(&mut header, name, &b""[..]).expect("in memory"),
        }
    }
    let honest = write_tar(&sample());
    vec![
        honest.clone(),
        write_tar(&[(long, b"long")]),
        pax.into_inner().expect("in memory"),
        links.into_inner().expect("in memory"),
        [honest.strip_suffix(&[0; 1024][..]).unwrap_or(&honest), &honest].concat(),
    ]
}

pub fn gzip_seeds() -> Vec<Vec<u8>> {
    let packed: Vec<_> = tar_seeds().iter().map(|seed| compress(seed)).collect();
    let two = [packed[0].clone(), packed[1].clone()].concat();
    packed.into_iter().chain([two, compress(&[0; 100_000])]).collect()
}

pub fn zip_seeds() -> Vec<Vec<u8>> {
    let methods = [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated];
    methods
        .map(|method| {
            let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            let options = zip::write::SimpleFileOptions::default().compression_method(method);
            out.add_directory("a-1.0.0/src", options).expect("in memory");
            for (path, bytes) in sample() {
                out.start_file(path, options).expect("in memory");
                out.write_all(bytes).expect("in memory");
            }
            out.finish().expect("in memory").into_inner()
        })
        .into()
}
