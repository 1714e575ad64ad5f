//! A Model Context Protocol server (<https://modelcontextprotocol.io/specification>) over standard
//! input and output: coding agents ask for verdicts.
//!
//! In: a project's folder and the options of an audit, read once at the start. Out: answers of four
//! tools that only read. No path outside the folder is opened for a caller, links resolved; nothing
//! is written but bomvet's own store; no process is started; requests are bounded in size, number
//! and time. What an answer says of a package passed [`crate::report::agent`].

mod alternatives;
mod tools;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer, ServiceExt as _};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::{ErrorData, ServerHandler};
use serde_json::Value;

use crate::attest::PublicKey;
use crate::audit::Options;
use crate::model::Node;

/// Longest request, in bytes.
const MAX_REQUEST: usize = 1 << 20;

/// Seconds that a call may take.
const SECONDS: u64 = 300;

/// Packages of earlier checks that are remembered.
const MAX_KNOWN: usize = 50_000;

/// What the server works with.
#[derive(Debug)]
pub struct Server {
    /// The project, canonical.
    root: PathBuf,
    options: Options,
    /// The last BoM of the project, whoever wrote it.
    bom: PathBuf,
    /// Whose signature makes it one to rely on.
    trusted: Vec<PublicKey>,
    /// Packages of this session's checks, by purl.
    known: Mutex<Vec<Node>>,
    /// One audit at a time.
    busy: tokio::sync::Semaphore,
}

impl Server {
    /// A server for the project at `root`; `bom` is where `bomvet audit` writes its BoM, relied on where
    /// one of the `trusted` keys signed it.
    ///
    /// # Errors
    /// Where the folder cannot be had.
    pub fn new(
        root: &Path,
        bom: &Path,
        options: Options,
        trusted: Vec<PublicKey>,
    ) -> Result<Self, std::io::Error> {
        let root = std::fs::canonicalize(root)?;
        let bom = root.join(bom);
        let busy = tokio::sync::Semaphore::new(1);
        Ok(Self { root, options, bom, trusted, known: Mutex::default(), busy })
    }

    /// A path of the project; nothing outside of it, wherever links lead.
    fn inside(&self, text: &str) -> Result<PathBuf, String> {
        let outside = || "the path is not within the project".to_owned();
        if text.len() > 1024 || text.contains('\0') {
            return Err("the path is too long or none".to_owned());
        }
        let path = self.root.join(text);
        // Before anything is looked up: what lies outside is not even told to exist.
        let climbs = Path::new(text).components().any(|part| part == std::path::Component::ParentDir);
        if climbs || !path.starts_with(&self.root) {
            return Err(outside());
        }
        let real =
            std::fs::canonicalize(&path).map_err(|_| "there is no such path in the project".to_owned())?;
        if real.starts_with(&self.root) { Ok(real) } else { Err(outside()) }
    }

    /// Answers one call.
    fn call(&self, tool: &str, arguments: &Value) -> Result<Value, String> {
        match tool {
            "check" => tools::check(self, arguments),
            "explain" => tools::explain(self, arguments),
            "alternatives" => tools::alternatives(self, arguments),
            "policy" => Ok(tools::policy(self)),
            _ => Err("there is no such tool".to_owned()),
        }
    }
}

/// The handler; cheap to clone.
#[derive(Debug, Clone)]
struct Handler(Arc<Server>);

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("bomvet", env!("CARGO_PKG_VERSION")))
            .with_instructions(
                "Ask `check` before you add a dependency or a skill; do not install what is denied.",
            )
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::list()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::list().into_iter().find(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let server = Arc::clone(&self.0);
        let work = async move {
            let _one = server.busy.acquire().await.map_err(|_| "the server is closing".to_owned())?;
            let inner = Arc::clone(&server);
            let arguments = Value::Object(request.arguments.unwrap_or_default());
            let task = tokio::task::spawn_blocking(move || inner.call(&request.name, &arguments));
            task.await.unwrap_or_else(|_| Err("the check failed".to_owned()))
        };
        let done = match tokio::time::timeout(Duration::from_secs(SECONDS), work).await {
            Ok(done) => done,
            Err(_) => Err(format!("it took more than {SECONDS} seconds; there is no verdict")),
        };
        Ok(match done {
            Ok(value) => CallToolResult::structured(value),
            Err(why) => CallToolResult::error(vec![ContentBlock::text(why)]),
        }
        .into())
    }
}

/// Serves until standard input ends.
///
/// # Errors
/// Where there is no runtime, or what comes in is not the protocol.
pub fn serve(server: Server) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the server: {error}"))?;
    let done = runtime.block_on(async {
        let (input, output) = rmcp::transport::io::stdio();
        let transport: AsyncRwTransport<RoleServer, _, _> =
            AsyncRwTransport::new(input, output).with_max_line_length(MAX_REQUEST);
        let running = Handler(Arc::new(server)).serve(transport).await;
        let running = running.map_err(|error| format!("no session came about: {error}"))?;
        running.waiting().await.map(drop).map_err(|error| error.to_string())
    });
    // A check that is still at work has nobody left to tell.
    runtime.shutdown_background();
    done
}
