//! Each hostile archive is built here, byte for byte; then archives that chance makes.

use std::io::Write as _;

use proptest::prelude::*;

use super::*;

const SMALL: Limits = Limits { unpacked: 1 << 20, ratio: 50, ratio_floor: 64 << 10, files: 20 };
const PACKAGE: TopFolder<'_> = TopFolder::AnyOne;

/// A ustar entry, its name as raw bytes.
fn entry(name: &[u8], kind: u8, body: &[u8]) -> Vec<u8> {
    with(name, kind, body, |_| {})
}

/// The same with its header changed before the checksum is made.
fn with(name: &[u8], kind: u8, body: &[u8], change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut header = vec![0_u8; 512];
    header[..name.len()].copy_from_slice(name);
    header[100..107].copy_from_slice(b"0000644");
    header[124..135].copy_from_slice(format!("{:011o}", body.len()).as_bytes());
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    change(&mut header);
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header.extend_from_slice(body);
    header.resize(header.len().next_multiple_of(512), 0);
    header
}

fn link(name: &[u8], kind: u8, target: &[u8]) -> Vec<u8> {
    with(name, kind, b"", |header| header[157..157 + target.len()].copy_from_slice(target))
}

fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let body: String = records
        .iter()
        .map(|(key, value)| {
            let rest = key.len() + value.len() + 3;
            let mut length = rest + 1;
            while length != rest + length.to_string().len() {
                length += 1;
            }
            format!("{length} {key}={value}\n")
        })
        .collect();
    entry(b"PaxHeader/x", b'x', body.as_bytes())
}

fn joined(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut out = entries.concat();
    out.extend([0; 1024]);
    out
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).expect("in memory");
    out.finish().expect("in memory")
}

fn read(entries: &[Vec<u8>]) -> Result<Unpacked, ArchiveError> {
    tar_gz(&gzip(&joined(entries)), PACKAGE, &SMALL)
}

/// Rule id and message.
fn refused(entries: &[Vec<u8>]) -> String {
    said(&read(entries).expect_err("refused"))
}

fn said(error: &ArchiveError) -> String {
    format!("{}: {error}", error.rule())
}

fn file(name: &str) -> Vec<u8> {
    entry(name.as_bytes(), b'0', b"x")
}

#[test]
fn an_honest_archive_is_read_without_a_remark() {
    let long = format!("p/{}/x.js", "d".repeat(120));
    let got = read(&[
        entry(b"p/", b'5', b""),
        with(b"p/run.sh", b'0', b"echo", |header| header[100..107].copy_from_slice(b"0000755")),
        file("./p//a.js"),
        pax(&[("mtime", "1.5"), ("path", &long)]),
        entry(&long.as_bytes()[..99], b'0', b"long"),
        entry(b"././@LongLink", b'L', format!("{long}2\0").as_bytes()),
        entry(&long.as_bytes()[..99], b'0', b"longer"),
        with(b"b.js", b'0', b"prefix", |header| header[345..350].copy_from_slice(b"p/sub")),
    ])
    .expect("honest");
    let files: Vec<_> = got
        .files
        .iter()
        .map(|file| {
            let body = String::from_utf8_lossy(&got.buffer[file.range.clone()]).into_owned();
            (file.path.replace(&"d".repeat(120), "D"), body, file.executable)
        })
        .collect();
    let plain = |path: &str, body: &str| (path.to_owned(), body.to_owned(), false);
    assert_eq!(
        files,
        [
            ("run.sh".to_owned(), "echo".to_owned(), true),
            plain("a.js", "x"),
            plain("D/x.js", "long"),
            plain("D/x.js2", "longer"),
            plain("sub/b.js", "prefix"),
        ]
    );
    assert_eq!(got.remarks, []);
}

#[test]
fn names_that_leave_or_cannot_be_written_are_refused() {
    let names: &[&[u8]] = &[
        b"p/../../etc/passwd",
        b"/etc/passwd",
        b"C:/windows",
        b"p\\..\\x",
        b"p/a\x1b[2Jb",
        b"p/\xff\xfe",
        b"p/dir/",
        b"..",
    ];
    let all: Vec<_> = names.iter().map(|name| refused(&[entry(name, b'0', b"x")])).collect();
    insta::assert_snapshot!(all.join("\n"), @r"
    archive/leaves: `p/../../etc/passwd` at byte 0 goes above the package's folder
    archive/leaves: `/etc/passwd` at byte 0 is absolute
    archive/leaves: `C:/windows` at byte 0 is absolute
    archive/bad-name: `p\..\x` at byte 0 holds a backslash
    archive/bad-name: `p/a\u{1b}[2Jb` at byte 0 holds a control character
    archive/bad-name: `p/��` at byte 0 is not UTF-8
    archive/bad-name: `p/dir/` at byte 0 names no file
    archive/leaves: `..` at byte 0 goes above the package's folder
    ");
    let deep = format!("p/{}x", "d/".repeat(200));
    assert!(refused(&[pax(&[("path", &deep)]), file("p/d")]).contains("too many folders"));
    let long = format!("p/{}", "n".repeat(300));
    assert!(refused(&[pax(&[("path", &long)]), file("p/n")]).contains("too long"));
    let nul = refused(&[pax(&[("path", "p/a\0b")]), file("p/a")]);
    assert!(nul.starts_with("archive/"), "{nul}");
}

#[test]
fn links_are_remarks_or_refused_when_they_leave() {
    let got =
        read(&[file("p/a"), link(b"p/sub/b", b'2', b"../a"), link(b"p/c", b'1', b"p/a")]).expect("stay");
    assert_eq!(got.files.len(), 1);
    assert_eq!(got.remarks.iter().map(Remark::rule).collect::<Vec<_>>(), ["archive/link"; 2]);
    let all = [
        refused(&[file("p/a"), link(b"p/b", b'2', b"../../etc/passwd")]),
        refused(&[file("p/a"), link(b"p/b", b'2', b"/etc/passwd")]),
        refused(&[file("p/a"), link(b"p/b", b'2', b"x/../../y")]),
        refused(&[file("p/a"), link(b"p/b", b'1', b"../x")]),
        refused(&[file("p/a"), pax(&[("linkpath", "/x")]), link(b"p/b", b'2', b"a")]),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    archive/link-leaves: `b` at byte 1024 links to `../../etc/passwd`, outside of the package
    archive/link-leaves: `b` at byte 1024 links to `/etc/passwd`, outside of the package
    archive/link-leaves: `b` at byte 1024 links to `x/../../y`, outside of the package
    archive/link-leaves: `b` at byte 1024 links to `../x`, outside of the package
    archive/link-leaves: `b` at byte 2048 links to `/x`, outside of the package
    ");
}

#[test]
fn devices_and_unknown_types_are_refused() {
    let all: Vec<_> = [b'3', b'4', b'6', b'S', b'V', 0xff]
        .into_iter()
        .map(|kind| refused(&[file("p/a"), entry(b"p/b", kind, b"")]))
        .collect();
    insta::assert_snapshot!(all.join("\n"), @r"
    archive/special-file: `p/b` at byte 1024 is a character device
    archive/special-file: `p/b` at byte 1024 is a block device
    archive/special-file: `p/b` at byte 1024 is a FIFO
    archive/special-file: `p/b` at byte 1024 is a sparse file
    archive/special-file: `p/b` at byte 1024 is an entry of the unknown type `V`
    archive/special-file: `p/b` at byte 1024 is an entry of the unknown type `\xff`
    ");
}

#[test]
fn names_that_are_one_file_somewhere_are_refused() {
    let all = [
        refused(&[file("p/a"), entry(b"p/a", b'0', b"other")]),
        refused(&[file("p/a"), entry(b"p/./a", b'0', b"other")]),
        refused(&[file("p/Read.js"), file("p/read.js")]),
        refused(&[file("p/\u{e9}.js"), file("p/e\u{301}.js")]),
        refused(&[file("p/\u{c9}.js"), file("p/e\u{301}.js")]),
        refused(&[file("p/a"), file("p/a/b")]),
        refused(&[file("p/A/b/c"), file("p/a")]),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    archive/duplicate-name: `a` at byte 1024 was there before, with other contents
    archive/duplicate-name: `a` at byte 1024 was there before, with other contents
    archive/name-clash: `read.js` at byte 1024 and `Read.js` are the same file where case or Unicode form does not count
    archive/name-clash: `é.js` at byte 1024 and `é.js` are the same file where case or Unicode form does not count
    archive/name-clash: `é.js` at byte 1024 and `É.js` are the same file where case or Unicode form does not count
    archive/duplicate-name: `a` is a file and a folder
    archive/duplicate-name: `a` is a file and a folder
    ");
    let same = read(&[file("p/a"), file("p/a")]).expect("the same twice");
    assert_eq!((same.files.len(), same.remarks[0].rule()), (1, "archive/repeated-entry"));
}

#[test]
fn the_top_folder_is_checked() {
    let crate_file = |name: &str| {
        tar_gz(&gzip(&joined(&[file(name)])), TopFolder::Exactly("a-1.0.0"), &SMALL).map_err(|e| said(&e))
    };
    assert!(crate_file("a-1.0.0/src/lib.rs").is_ok());
    let all = [
        crate_file("b-1.0.0/src/lib.rs").expect_err("another"),
        crate_file("a-1.0.0").expect_err("no folder"),
        refused(&[file("p/a"), file("q/a")]),
        refused(&[file("a")]),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    archive/wrong-top-folder: `b-1.0.0/src/lib.rs` at byte 0 is not in the top folder `a-1.0.0`
    archive/wrong-top-folder: `a-1.0.0` at byte 0 is not in the top folder `a-1.0.0`
    archive/wrong-top-folder: `q/a` at byte 1024 is not in the top folder `p`
    archive/wrong-top-folder: `a` at byte 0 is not in the top folder `package`
    ");
}

#[test]
fn headers_that_lie_are_refused() {
    let mut broken = joined(&[file("p/a")]);
    broken[0] = b'q';
    let mut all = vec![said(&tar_gz(&gzip(&broken), PACKAGE, &SMALL).expect_err("checksum"))];
    let sized = |size: &'static [u8]| {
        with(b"p/a", b'0', b"x", move |h| h[124..124 + size.len()].copy_from_slice(size))
    };
    all.extend([
        refused(&[sized(b"00000777777\0")]),
        refused(&[sized(b"0000000000x\0")]),
        refused(&[sized(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")]),
        refused(&[pax(&[("size", "0")]), file("p/a")]),
        refused(&[pax(&[("path", "p/other")]), file("p/a")]),
        refused(&[pax(&[("path", "p/other")]), pax(&[("path", "p/b")]), file("p/b")]),
        refused(&[entry(b"././@LongLink", b'L', b"p/other\0"), file("p/a")]),
        refused(&[entry(b"x", b'g', b"12 path=p/b\n"), file("p/a")]),
        refused(&[entry(b"x", b'x', b"99 path=p/b\n"), file("p/a")]),
        refused(&[entry(b"x", b'x', b"path"), file("p/a")]),
        refused(&[file("p/a"), pax(&[("path", "p/b")])]),
        refused(&[entry(b"p/d/", b'5', b"hidden"), file("p/a")]),
    ]);
    insta::assert_snapshot!(all.join("\n"), @r"
    archive/bad-header: the header at byte 0 has checksum `004056\x00 `, it should be `004057`
    archive/truncated: `p/a` at byte 0 says it has 262143 bytes and their padding, 1536 are left
    archive/bad-header: the header at byte 0 is malformed: `0000000000x\x00` is no size
    archive/bad-header: the header at byte 0 is malformed: `\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff` is no size
    archive/ambiguous-header: `p/a` at byte 1024 has size 1 in one header and 0 in the other
    archive/ambiguous-header: the entry at byte 1024 is `p/a` in one header and `p/other` in the other
    archive/ambiguous-header: the entry at byte 1024 is `p/other` in one header and `p/b` in the other
    archive/ambiguous-header: the entry at byte 1024 is `p/a` in one header and `p/other` in the other
    archive/bad-header: the header at byte 0 is malformed: a global pax header that sets `path` of all entries
    archive/bad-header: the header at byte 0 is malformed: a pax record that is not `<length> <key>=<value>`
    archive/bad-header: the header at byte 0 is malformed: a pax record that is not `<length> <key>=<value>`
    archive/bad-header: the header at byte 1024 is malformed: an extended header that no entry follows
    archive/bad-header: the header at byte 0 is malformed: a folder with 6 bytes of data
    ");
    // `git archive` and npm's own writers use these.
    assert!(read(&[entry(b"x", b'g', b"17 comment=abcde\n"), pax(&[("size", "1")]), file("p/a")]).is_ok());
}

#[test]
fn the_ends_are_checked() {
    let good = joined(&[file("p/a")]);
    let packed = gzip(&good);
    let fail = |bytes: &[u8]| said(&tar_gz(bytes, PACKAGE, &SMALL).expect_err("refused"));
    let mut flipped = packed.clone();
    let at = flipped.len() - 6;
    flipped[at] ^= 1;
    let mut after_end = good.clone();
    after_end.extend(file("p/hidden"));
    let all = [
        fail(b""),
        fail(b"PK\x03\x04"),
        fail(&packed[..packed.len() / 2]),
        fail(&flipped),
        fail(&[packed.as_slice(), b"more"].concat()),
        fail(&[packed.as_slice(), &packed].concat()),
        fail(&gzip(&after_end)),
        fail(&gzip(&good[..700])),
        fail(&gzip(&[good.as_slice(), b"rest"].concat())),
        fail(&gzip(&[0; 1024])),
        fail(&gzip(b"")),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    archive/corrupt: not a gzip archive: it starts with ``, not `1f8b`
    archive/corrupt: not a gzip archive: it starts with `504b`, not `1f8b`
    archive/truncated: the compressed data ends early, after 35 bytes
    archive/corrupt: the compressed data is damaged: corrupt gzip stream does not have a matching checksum
    archive/trailing-data: 4 bytes follow the end of the archive, from byte 71
    archive/trailing-data: a second gzip member starts at byte 71; readers disagree on whether it counts
    archive/trailing-data: 1024 bytes follow the end of the archive, from byte 2048
    archive/truncated: `p/a` at byte 0 says it has 1 bytes and their padding, 188 are left
    archive/trailing-data: 4 bytes follow the end of the archive, from byte 2048
    archive/empty: holds no file
    archive/empty: holds no file
    ");
    assert!(tar_gz(&[packed.as_slice(), &[0; 100]].concat(), PACKAGE, &SMALL).is_ok(), "zero padding");
    assert!(tar_gz(&gzip(&file("p/a")), PACKAGE, &SMALL).is_ok(), "no end marker, as some writers do");
}

#[test]
fn hidden_padding_is_a_remark() {
    let mut bytes = joined(&[file("p/a")]);
    bytes[600] = b'!';
    let got = tar_gz(&gzip(&bytes), PACKAGE, &SMALL).expect("read");
    assert_eq!(got.remarks, [Remark::HiddenBytes { path: "a".to_owned(), size: 1 }]);
}

#[test]
fn bombs_are_refused_before_they_are_unpacked() {
    let zeros = |size: usize| gzip(&joined(&[entry(b"p/a", b'0', &vec![0; size])]));
    let fail = |bytes: &[u8], limits: &Limits| said(&tar_gz(bytes, PACKAGE, limits).expect_err("refused"));
    let many: Vec<_> = (0..21).map(|n| file(&format!("p/{n}"))).collect();
    let noise: Vec<u8> = (0..300_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let all = [
        fail(&zeros(900 << 10), &SMALL).replace(char::is_numeric, "0"),
        fail(&gzip(&joined(&[entry(b"p/a", b'0', &noise)])), &SMALL),
        fail(&gzip(&joined(&many)), &SMALL),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    archive/bomb: 000 bytes unpack to more than 00000, over 00 times as much
    archive/too-large: unpacks to more than 1048576 bytes
    archive/too-many-files: holds more than 20 entries
    ");
    assert!(tar_gz(&zeros(60 << 10), PACKAGE, &SMALL).is_ok(), "small: the ratio says nothing");
}

/// What must hold whatever the bytes were.
fn holds(got: &Unpacked) -> bool {
    got.files.iter().all(|file| {
        clean(file.path.as_bytes()).as_deref() == Ok(file.path.as_str())
            && file.range.start <= file.range.end
            && file.range.end <= got.buffer.len()
    }) && !got.files.is_empty()
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        for top in [TopFolder::AnyOne, TopFolder::None, TopFolder::Exactly("p")] {
            if let Ok(got) = tar(bytes.clone(), top, &SMALL) { prop_assert!(holds(&got)); }
            if let Ok(got) = tar_gz(&gzip(&bytes), top, &SMALL) { prop_assert!(holds(&got)); }
            let _ = tar_gz(&bytes, top, &SMALL);
            if let Ok(got) = zip(&bytes, top, &SMALL) { prop_assert!(holds(&got)); }
        }
    }

    #[test]
    fn arbitrary_names_never_leave(name in proptest::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(path) = clean(&name) {
            let joined = std::path::Path::new("/top").join(&path);
            prop_assert!(joined.starts_with("/top"));
            prop_assert!(joined.components().skip(2).all(|c| matches!(c, std::path::Component::Normal(_))));
        }
    }

    #[test]
    fn a_valid_archive_with_bytes_changed_never_panics(
        changes in proptest::collection::vec((0_usize..4096, any::<u8>()), 1..6),
        cut in 0_usize..4096,
    ) {
        let mut bytes = joined(&[
            file("p/a"), pax(&[("path", "p/b")]), file("p/b"),
            entry(b"././@LongLink", b'L', b"p/c\0"), file("p/c"), link(b"p/d", b'2', b"a"),
        ]);
        let whole = bytes.len();
        for (at, to) in changes { bytes[at % whole] = to; }
        bytes.truncate(whole - cut % whole);
        // The checksums are made anew, so that the change gets past them.
        for at in (0..bytes.len().saturating_sub(511)).step_by(512) {
            if bytes[at + 257..at + 262] == *b"ustar" {
                bytes[at + 148..at + 156].fill(b' ');
                let sum: u32 = bytes[at..at + 512].iter().map(|byte| u32::from(*byte)).sum();
                bytes[at + 148..at + 156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            }
        }
        if let Ok(got) = tar(bytes, PACKAGE, &SMALL) { prop_assert!(holds(&got)); }
    }

    /// The `tar` crate writes, this reads: the same files come out.
    #[test]
    fn what_the_tar_crate_writes_is_read(
        files in proptest::collection::btree_map("[a-z]{1,40}(/[a-z]{1,60}){0,4}\\.js", proptest::collection::vec(any::<u8>(), 0..700), 1..10)
    ) {
        let mut builder = ::tar::Builder::new(Vec::new());
        for (path, body) in &files {
            let mut header = ::tar::Header::new_gnu();
            header.set_size(body.len() as u64);
            builder.append_data(&mut header, format!("p/{path}"), body.as_slice()).expect("in memory");
        }
        let limits = Limits { ratio: 10_000, ..SMALL };
        let got = tar_gz(&gzip(&builder.into_inner().expect("in memory")), PACKAGE, &limits).expect("honest");
        let got: std::collections::BTreeMap<_, _> =
            got.files.iter().map(|file| (file.path.clone(), got.buffer[file.range.clone()].to_vec())).collect();
        prop_assert_eq!(got, files);
    }
}
