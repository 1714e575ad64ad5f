use super::*;

const D: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[test]
fn stages_images_and_installs() {
    let text = format!(
        "# syntax=docker/dockerfile:1\nARG V=20\nARG BASE\n\nFROM --platform=linux/amd64 node:${{V}}-slim AS build\nARG V\nENV TOOL=1.2.3\n\
         RUN npm ci && npm install -g tool@$TOOL \\\n  # why\n  && apt-get install -y curl\nFROM ghcr.io/o/i@{D}\n\
         COPY --from=build /a /b\nCOPY --from=0 /a /b\nCOPY --from=busybox /bin/x /x\nRUN <<EOF\npip install six==1.16.0\nEOF\n\
         ADD https://h.invalid/x.tgz /x\nADD --checksum={D} https://h.invalid/y.tgz /y\nFROM $BASE\nFROM build\nRUN [\"pip\", \"install\", \"flask\"]\nFETCH x\nFROM scratch\n"
    );
    let got = resolved(&[("Dockerfile", &text)]).unwrap();
    assert_eq!(
        packages(&got),
        [
            "pkg:docker/docker/dockerfile@1 Dockerfile:1".to_owned(),
            "pkg:docker/library/busybox@latest Dockerfile:14".to_owned(),
            "pkg:docker/library/node@20-slim Dockerfile:5".to_owned(),
            format!("pkg:docker/o/i@{}?repository_url=ghcr.io pinned Dockerfile:11", D.replace(':', "%3A")),
            "pkg:generic/apt/curl Dockerfile:10".to_owned(),
            "pkg:generic/dockerfile/Dockerfile own Dockerfile:1".to_owned(),
            "pkg:generic/remote/h.invalid/x.tgz?download_url=https://h.invalid/x.tgz Dockerfile:18"
                .to_owned(),
            "pkg:generic/remote/h.invalid/y.tgz?download_url=https://h.invalid/y.tgz Dockerfile:19"
                .to_owned(),
            "pkg:npm/tool@1.2.3 Dockerfile:8".to_owned(),
            "pkg:pypi/flask Dockerfile:22".to_owned(),
            "pkg:pypi/six@1.16.0 Dockerfile:16".to_owned(),
        ]
    );
    let remarks = remarks(&got);
    for want in [
        "Dockerfile:5:29 medium lockfile/unpinned-image `node:20-slim` names no digest",
        "Dockerfile:14:13 high lockfile/unpinned-image `busybox` names no digest",
        "Dockerfile:8:30 medium lockfile/unpinned-install npm install takes `tool` 1.2.3 without a digest",
        "Dockerfile:10:25 low lockfile/unpinned-install apt-get install takes whatever version",
        "Dockerfile:18:5 high lockfile/unpinned-install `https://h.invalid/x.tgz` is added without",
        "Dockerfile:20:6 gap/not-covered which image `$BASE` is",
        "Dockerfile:23:1 gap/not-covered `FETCH` is no instruction that is read",
        "Dockerfile:22:5 high lockfile/unpinned-install pip install takes whatever version of `flask`",
        "Dockerfile:16:13 gap/not-covered what `six` ==1.16.0 brings in",
    ] {
        assert!(remarks.contains(want), "{want}\n{remarks}");
    }
}

#[test]
fn compose_files_name_images_and_dockerfiles() {
    let text = "services:\n  db:\n    image: \"postgres:${PG:-16}\"\n  web:\n    build: ./web\n    image: mine\n  api:\n    build:\n      context: .\n      dockerfile: gone.Dockerfile\n";
    let got = resolved(&[("compose.yaml", text), ("web/Dockerfile", "FROM scratch\n")]).unwrap();
    assert_eq!(
        packages(&got),
        [
            "pkg:docker/library/postgres@16 compose.yaml:3",
            "pkg:generic/compose/compose.yaml own compose.yaml:1",
            "pkg:generic/dockerfile/web/Dockerfile own web/Dockerfile:1",
        ]
    );
    let edges: Vec<_> = got.dependencies.iter().map(|edge| edge.to.as_str()).collect();
    assert_eq!(edges, ["pkg:docker/library/postgres@16", "pkg:generic/dockerfile/web/Dockerfile"]);
    assert!(remarks(&got).contains("compose.yaml:9:7 gap/not-covered what the service `api` is built from"));
    let broken = resolved(&[("docker-compose.yml", "services: [\n")]).unwrap();
    assert!(
        remarks(&broken).contains("gap/not-covered `docker-compose.yml` is not YAML"),
        "{}",
        remarks(&broken)
    );
}
