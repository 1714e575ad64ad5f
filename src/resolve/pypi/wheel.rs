//! Which archive of a version pip takes for the stated environment
//! (<https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/>).

use super::name::ArchiveKind;

/// Minor version of Python 3 that names are resolved for; see [`super::marker::PYTHON`].
const MINOR: u32 = 12;

/// How well an archive suits: the highest is taken. `None` where it cannot be installed there; a
/// source archive always can, after every wheel.
pub fn rank(file: &str) -> Option<u32> {
    match ArchiveKind::of(file)? {
        ArchiveKind::SourceTar | ArchiveKind::SourceZip => return Some(0),
        ArchiveKind::Wheel => {}
    }
    let stem = file.get(..file.len().checked_sub(".whl".len())?)?;
    let mut parts = stem.rsplitn(4, '-');
    let (platform, abi, python) = (parts.next()?, parts.next()?, parts.next()?);
    let platform = platform.split('.').filter_map(of_platform).max()?;
    let pairs = python.split('.').flat_map(|python| abi.split('.').map(move |abi| (python, abi)));
    let python = pairs.filter_map(|(python, abi)| of_python(python, abi)).max()?;
    Some(python * 2 + platform)
}

/// `any`, or Linux on x86-64 with glibc.
fn of_platform(tag: &str) -> Option<u32> {
    match tag {
        "any" => Some(0),
        _ if tag == "linux_x86_64" || tag.starts_with("manylinux") && tag.ends_with("_x86_64") => Some(1),
        _ => None,
    }
}

fn of_python(python: &str, abi: &str) -> Option<u32> {
    let minor =
        |prefix: &str| python.strip_prefix(prefix)?.parse::<u32>().ok().filter(|minor| *minor <= MINOR);
    match abi {
        "none" if python == "py3" => Some(1),
        "none" if python == "cp3" => Some(2),
        "none" => minor("py3").map(|minor| 2 + minor).or_else(|| (minor("cp3") == Some(MINOR)).then_some(50)),
        "abi3" => minor("cp3").map(|minor| 100 + minor),
        _ => (minor("cp3") == Some(MINOR) && abi == format!("cp3{MINOR}")).then_some(200),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_most_specific_wheel_comes_first() {
        let order = [
            "x-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "x-1-cp38-abi3-manylinux_2_28_x86_64.whl",
            "x-1-cp37-abi3-linux_x86_64.whl",
            "x-1-py3-none-manylinux1_x86_64.whl",
            "x-1-py2.py3-none-any.whl",
            "x-1.tar.gz",
        ];
        let ranks: Vec<_> = order.iter().map(|file| rank(file)).collect();
        assert!(ranks.iter().all(Option::is_some), "{ranks:?}");
        assert!(ranks.windows(2).all(|pair| pair[0] > pair[1]), "{ranks:?}");
        for file in [
            "x-1-cp312-cp312-win_amd64.whl",
            "x-1-cp313-cp313-manylinux1_x86_64.whl",
            "x-1-cp313-abi3-manylinux1_x86_64.whl",
            "x-1-cp312-cp312t-manylinux1_x86_64.whl",
            "x-1-py2-none-any.whl",
            "x-1-cp312-cp312-musllinux_1_2_x86_64.whl",
            "x-1.egg",
            "x.whl",
        ] {
            assert_eq!(rank(file), None, "{file}");
        }
    }

    proptest! {
        #[test]
        fn no_file_name_panics(file in "(\\PC{0,8}-){0,6}\\PC{0,8}(\\.whl|\\.zip)?") {
            rank(&file);
        }
    }
}
