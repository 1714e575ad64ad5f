//! Go modules, Zig packages, images, workflows.

use super::projects::project;
use super::{pack, unpack};

pub fn go_module(data: &[u8]) -> bool {
    project(&unpack(data))
}

pub fn zon(data: &[u8]) -> bool {
    project(&unpack(data))
}

pub fn dockerfile(data: &[u8]) -> bool {
    project(&unpack(data))
}

pub fn workflow(data: &[u8]) -> bool {
    project(&unpack(data))
}

pub fn go_seeds() -> Vec<Vec<u8>> {
    let module = "module example.invalid/m\n\ngo 1.21\n\nrequire (\n\ta.invalid/b/v2 v2.0.1\n\tc.invalid/c v0.1.0 // indirect\n)\n\
        replace c.invalid/c => ./in\nexclude a.invalid/b/v2 v2.0.0\nretract [v1.0.0, v1.1.0] // r\n";
    let sum = "a.invalid/b/v2 v2.0.1 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\na.invalid/b/v2 v2.0.1/go.mod h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    let work = "go 1.22\nuse (\n\t.\n\t./in\n)\nreplace a.invalid/b/v2 => ./in\n";
    vec![
        pack([
            ("go.mod", module.as_bytes()),
            ("go.sum", sum.as_bytes()),
            ("in/go.mod", b"module c.invalid/c\n"),
        ]),
        pack([("go.work", work.as_bytes()), ("go.mod", module.as_bytes()), ("in/go.mod", b"module in\n")]),
    ]
}

pub fn zon_seeds() -> Vec<Vec<u8>> {
    let text = ".{ .name = .a, .version = \"0.1.0\", .dependencies = .{ .w = .{ .url = \"git+https://h.invalid/o/w#97fefafa59cc78ce177cff540b8685cd7f699276\",\n\
        .hash = \"w-0.1.0-ZPIS\", .lazy = true }, .@\"p q\" = .{ .path = \"in\" } }, // c\n.paths = .{ \"src\", \\\\x\n }, .x = 0xff, .y = 'c' }";
    vec![pack([("build.zig.zon", text.as_bytes()), ("in/build.zig.zon", b".{ .name = \"p\" }")])]
}

pub fn dockerfile_seeds() -> Vec<Vec<u8>> {
    let text = "# syntax=docker/dockerfile:1\nARG V=20\nFROM --platform=linux/amd64 node:${V:-1} AS b\nENV A=1 B=\"$V\"\nRUN --mount=type=bind,from=x:1,target=/x npm install -g a@$A \\\n # c\n && curl https://h.invalid/i | sh -c 'pip install x==1'\n\
        RUN <<E bash\napt-get install -y c=1 $(apk add d)\nE\nCOPY --from=b /a /b\nADD --checksum=sha256:00 https://h.invalid/x /\nONBUILD RUN [\"go\", \"install\", \"x.invalid/y@v1.0.0\"]\n";
    let compose =
        "services:\n  a:\n    image: b:${X:-1}\n  c:\n    build: {context: in, dockerfile: Dockerfile}\n";
    vec![
        pack([("Dockerfile", text.as_bytes())]),
        pack([("compose.yaml", compose.as_bytes()), ("in/Dockerfile", b"FROM scratch\n")]),
    ]
}

pub fn workflow_seeds() -> Vec<Vec<u8>> {
    let flow = "on: push\nenv: {V: 1.0.0}\njobs:\n  a:\n    container: {image: node:20}\n    services:\n      d: {image: e}\n    steps:\n      - uses: actions/checkout@v4 # v4.1\n      - uses: docker://a\n      - uses: ./own\n      - run: |\n          npx -y x@$V\n          cargo install y --version 1.0.0\n  b:\n    uses: o/r/.github/workflows/x.yml@0123456789abcdef0123456789abcdef01234567 # v1\n";
    let action = "runs:\n  using: docker\n  image: Dockerfile\n  steps: [{run: 'uvx z==1', shell: sh}]\n";
    vec![pack([
        (".github/workflows/a.yml", flow.as_bytes()),
        ("own/action.yml", action.as_bytes()),
        ("own/Dockerfile", b"FROM a\n"),
    ])]
}
