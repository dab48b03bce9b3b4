//! The programs of the integration guide (`examples/`), as they stand there, against the server that `make serve` starts.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Lines},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use wardgraph_testkit::PASSWORD;

use super::surfer::Surfer;
use crate::{
    binary::{Server, run},
    layers::repository,
    pages::browser::Journey,
};

const EMAIL: &str = "ada@example.com";

/// Somebody with an account, who signed in just now.
pub(super) struct Account {
    base: String,
    http: reqwest::Client,
    token: String,
}

/// Makes an account beside the server, as the guide says it.
pub(super) async fn people(server: &Server, email: &str) -> Account {
    let file = server.folder.path().join("password");
    fs::write(&file, PASSWORD).unwrap();
    let (data, file) = (server.data(), file.to_str().unwrap().to_owned());
    let arguments = ["user", "create", "--email", email, "--name", "Ada", "--password-file", &file];
    let made = run(&[("WARDGRAPH_DATA_DIR", data.to_str().unwrap())], &arguments);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let credentials = json!({ "email": email, "password": PASSWORD });
    let answer = http.post(format!("{}/api/v1/auth/login", server.base)).json(&credentials).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    Account { base: server.base.clone(), http, token: answer["access_token"].as_str().unwrap().to_owned() }
}

impl Account {
    /// Registers a client.
    pub(super) async fn registers(&self, wanted: &Value) -> Value {
        self.post("/api/v1/clients", wanted).await
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.token).json(body);
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 201, "{text}");
        serde_json::from_str(&text).unwrap()
    }
}

/// A server with an account and two nodes, and the examples beside it with their applications registered.
struct Guide {
    server: Server,
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

impl Guide {
    /// `origin`: whose pages may read answers.
    async fn begin(origin: &str) -> Self {
        let server = Server::start(&[("WARDGRAPH_HTTP__CORS_ORIGINS", origin)]);
        let ada = people(&server, EMAIL).await;
        for text in ["A fox is a small, quick hunter.", "A hare runs fast."] {
            ada.post("/nodes", &json!({ "classes": ["Animal"], "props": { "text": text } })).await;
        }
        let folder = TempDir::new().unwrap();
        copy(&repository().join("examples"), folder.path());
        std::os::unix::fs::symlink(libraries(), folder.path().join("node_modules")).unwrap();
        let mut guide = Self { folder, environment: BTreeMap::new(), server };
        guide.environment = guide.registers();
        guide
    }

    /// What the guide's own program registers.
    fn registers(&self) -> BTreeMap<String, String> {
        let mut command = self.command("python3", "register.py");
        command.env("WARDGRAPH_URL", &self.server.base).env("EMAIL", EMAIL).env("PASSWORD", PASSWORD);
        let text = output(command);
        let lines = text.lines().map(|line| line.strip_prefix("export ").unwrap().split_once('=').unwrap());
        lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// One of the examples.
    fn command(&self, program: &str, file: &str) -> Command {
        let mut command = Command::new(program);
        command.arg(self.folder.path().join(file)).current_dir(self.folder.path()).envs(&self.environment);
        command.env("NO_PROXY", "127.0.0.1,localhost").env_remove("BROWSER").stdin(Stdio::null());
        command
    }
}

/// What a program writes, which ends well.
fn output(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The libraries from npm, by their locked hashes.
pub(super) fn libraries() -> PathBuf {
    let root = repository();
    let fetched =
        Command::new("python3").arg(root.join("scripts/fetch.py")).args(["--only", "clients"]).stdout(Stdio::null()).status();
    assert!(fetched.unwrap().success(), "the libraries can be fetched");
    root.join(".cache/clients/node_modules")
}

/// A Python that has the libraries from PyPI.
fn python() -> String {
    let program = "from pinned import installed; print(installed('clients', 'python'))";
    let mut command = Command::new("python3");
    command.args(["-c", program]).current_dir(repository().join("scripts"));
    output(command).trim().to_owned()
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (name, target) = (entry.file_name(), to.join(entry.file_name()));
        if name == "node_modules" || name == "settings.json" {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A program that goes on until it is dropped.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line with this in it.
    fn says(&mut self, part: &str) -> String {
        let mut said = self.lines.by_ref().map(Result::unwrap);
        said.find(|line| line.contains(part)).unwrap_or_else(|| panic!("it never said `{part}`"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guides_service_gets_tokens_of_its_own_by_curl_and_by_a_library() {
    let guide = Guide::begin("").await;
    let told = "the service sees 2 nodes\n";
    assert_eq!(output(guide.command("sh", "service/service.sh")), told);
    assert_eq!(output(guide.command(&python(), "service/service.py")), told);
    let mut another = guide.command("sh", "service/service.sh");
    assert!(!another.env("SERVICE_SECRET", "wgcs_another").output().unwrap().status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guides_command_line_tool_signs_its_person_in() {
    let guide = Guide::begin("").await;
    let mut tool = guide.command(&python(), "command-line/graph.py");
    // No browser of this machine is to be opened.
    let mut tool = Running::start({
        tool.env("BROWSER", "true %s");
        tool
    });
    let address = tool.says("/oauth2/authorize?").trim().to_owned();
    let mut surfer = Surfer::new();
    let page = surfer.open(&address).await;
    let back = surfer.sign_in(page, EMAIL).await;
    assert!(back.text.contains("This window can be closed"), "{} {}", back.url, back.text);
    assert_eq!(tool.says("sees"), "ada@example.com sees 2 nodes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guides_tool_signs_its_person_in_where_no_browser_comes_back() {
    let guide = Guide::begin("").await;
    let mut tool = Running::start(guide.command("python3", "command-line/device.py"));
    let address = tool.says("/oauth2/device").trim().to_owned();
    let code = tool.says("enter the code").rsplit(' ').next().unwrap().to_owned();
    let mut surfer = Surfer::new();
    let page = surfer.open(&address).await;
    let page = surfer.sign_in(page, EMAIL).await;
    let question = surfer.fill(&page, "/oauth2/device", &[("user_code", &code)]).await;
    assert!(question.text.contains("graph, the command, without a browser"), "{}", question.text);
    let done = surfer.fill(&question, "/oauth2/device/decision", &[("decision", "allow")]).await;
    assert_eq!(done.status.as_u16(), 200, "{}", done.text);
    assert_eq!(tool.says("sees"), "ada@example.com sees 2 nodes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guides_server_side_application_signs_somebody_in_and_out() {
    let guide = Guide::begin("").await;
    let port = free_port();
    let mut command = guide.command("node", "server-side/app.mjs");
    command.env("PORT", &port);
    let mut running = Running::start(command);
    running.says("listening on");
    let (base, mut surfer) = (format!("http://localhost:{port}/"), Surfer::new());
    let home = surfer.open(&base).await;
    let asked = surfer.follow(&home, "Sign in with Wardgraph").await;
    let shown = surfer.sign_in(asked, EMAIL).await;
    assert!(shown.text.contains("ada@example.com sees 2 nodes."), "{} {}", shown.url, shown.text);
    assert!(Surfer::new().open(&base).await.text.contains("Nobody is signed in."));
    // An answer that this browser did not ask for.
    let mut victim = Surfer::new();
    let forged = victim.open(&format!("{base}back?code=wgo_x&state=x&iss={}", guide.server.base)).await;
    assert_eq!(forged.status.as_u16(), 502, "{}", forged.text);
    assert!(victim.open(&base).await.text.contains("Nobody is signed in."));
    let out = surfer.follow(&shown, "Sign out").await;
    assert!(out.url.as_str() == base && out.text.contains("Nobody is signed in."), "{} {}", out.url, out.text);
    let again = surfer.follow(&out, "Sign in with Wardgraph").await;
    assert_eq!(again.url.path(), "/sign-in", "signed out of both");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guides_single_page_application_signs_somebody_in_and_out() {
    let port = free_port();
    let origin = format!("http://localhost:{port}");
    let guide = Guide::begin(&origin).await;
    let mut command = Command::new("python3");
    command.args(["-m", "http.server", &port, "--bind", "127.0.0.1", "--directory"]).arg(guide.folder.path());
    let _running = Running::start({
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command
    });
    let given = json!({ "page": format!("{origin}/single-page/"), "email": EMAIL, "password": PASSWORD });
    let mut journey = Journey::begin("single_page", &guide.server.base);
    loop {
        let (back, asked) = tokio::task::spawn_blocking(|| journey.asks()).await.unwrap();
        journey = back;
        if asked.expect("the journey ended before its end: see above")["done"] == "single_page" {
            return;
        }
        journey.answer(&given);
    }
}
