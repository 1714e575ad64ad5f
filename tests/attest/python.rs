//! A second opinion: Python with other people's RFC 8785, OpenSSL and securesystemslib.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{ALGORITHMS, SPECS, published, sample, signer};

#[expect(clippy::disallowed_methods, reason = "the test asks another program for its opinion")]
fn run(program: &Path, args: &[&Path]) -> std::io::Result<Output> {
    Command::new(program).args(args).env("PIP_DISABLE_PIP_VERSION_CHECK", "1").output()
}

/// A virtual environment below `target/`, made once for each state of the requirements.
fn python() -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let requirements = root.join("tests/python/requirements.txt");
    let wanted = std::fs::read(&requirements).unwrap();
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-verify");
    let (python, stamp) = (dir.join("bin/python"), dir.join("installed.txt"));
    if std::fs::read(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(python);
    }
    let step = |program: &Path, args: &[&Path]| match run(program, args) {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(format!("{}: {error}", program.display())),
    };
    step(Path::new("python3"), &["-m".as_ref(), "venv".as_ref(), "--clear".as_ref(), &dir])?;
    let pip: [&Path; 5] = ["-m".as_ref(), "pip".as_ref(), "install".as_ref(), "-r".as_ref(), &requirements];
    step(&python, &pip)?;
    std::fs::write(stamp, wanted).unwrap();
    Ok(python)
}

#[test]
fn independent_code_agrees() {
    let python = match python() {
        Ok(python) => python,
        Err(error) if std::env::var_os("CI").is_none() => {
            eprintln!("SKIPPED independent_code_agrees: no Python environment: {error}");
            return;
        }
        Err(error) => panic!("no Python environment: {error}"),
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/verify.py");
    let dir = tempfile::tempdir().unwrap();
    let paths = ["bom.cdx.json", "attestations.jsonl", "key.jwk"].map(|name| dir.path().join(name));
    let ask = || {
        let output = run(&python, &[&script, &paths[0], &paths[1], &paths[2]]).unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        (output.status.code(), text)
    };
    for algorithm in ALGORITHMS {
        for spec in SPECS {
            let out = published(&sample::rich(), spec, algorithm);
            std::fs::write(&paths[0], &out.bom).unwrap();
            std::fs::write(&paths[1], &out.attestations).unwrap();
            std::fs::write(&paths[2], signer(algorithm).public_key().jwk().to_string()).unwrap();
            assert_eq!(ask(), (Some(0), "verified: JSF and 3 DSSE envelopes\n".to_owned()));

            let text = String::from_utf8(out.bom.clone()).unwrap();
            std::fs::write(&paths[0], text.replacen("\"deny\"", "\"approve\"", 1)).unwrap();
            assert_eq!(ask(), (Some(1), "Wrong: JSF signature does not match\n".to_owned()));

            std::fs::write(&paths[0], &out.bom).unwrap();
            let mut lines: Vec<_> = out.attestations.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
            let at = lines[1].len() / 3;
            lines[1][at] = if lines[1][at] == b'A' { b'B' } else { b'A' };
            std::fs::write(&paths[1], lines.join(&b'\n')).unwrap();
            let (code, message) = ask();
            assert_eq!(code, Some(1));
            assert!(message.starts_with("VerificationError"), "{message}");
        }
    }
}
