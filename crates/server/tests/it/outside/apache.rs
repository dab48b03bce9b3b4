//! Apache with mod_auth_openidc, a certified client: it protects a page with this server.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{examples::people, surfer::Surfer};
use crate::binary::Server;

const MODULES: &str = "/usr/lib/apache2/modules";
const EMAIL: &str = "ada@example.com";

/// Apache, in a folder of its own; told to stop, and waited for, when it is dropped.
struct Apache {
    folder: TempDir,
    child: Child,
    base: String,
}

impl Apache {
    /// Starts at a port that was free a moment ago.
    fn start(port: u16, issuer: &str, client: &Value) -> Self {
        let folder = TempDir::new().unwrap();
        let base = format!("http://127.0.0.1:{port}");
        let within = |name: &str| folder.path().join(name);
        fs::create_dir_all(within("pages/private")).unwrap();
        fs::write(within("pages/private/index.html"), "<p>It is <!--#echo var=\"REMOTE_USER\" --> who reads this.</p>").unwrap();
        fs::write(within("pages/out.html"), "<p>Signed out.</p>").unwrap();
        fs::write(within("apache.conf"), configuration(&base, folder.path().to_str().unwrap(), issuer, client)).unwrap();
        // Whom Apache runs as where root starts it must be able to read its pages.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let log = fs::File::create(within("stderr")).unwrap();
        let child = Command::new("/usr/sbin/apache2")
            .args(["-D", "FOREGROUND", "-f"])
            .arg(within("apache.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("Apache is there: `make setup-test` installs it");
        let apache = Self { folder, child, base };
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "Apache did not start: {}", apache.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        apache
    }

    fn log(&self) -> String {
        ["stderr", "error.log"].map(|name| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()).join("\n")
    }
}

impl Drop for Apache {
    fn drop(&mut self) {
        // Its own children end with it only if it ends them.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn configuration(base: &str, folder: &str, issuer: &str, client: &Value) -> String {
    let port = base.rsplit(':').next().unwrap();
    let (id, secret) = (client["client_id"].as_str().unwrap(), client["client_secret"].as_str().unwrap());
    let modules = ["mpm_event", "authz_core", "authz_user", "authn_core", "dir", "mime", "include", "filter", "auth_openidc"];
    let loaded: String = modules.map(|name| format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n")).concat();
    format!(
        r#"{loaded}
ServerRoot "{folder}"
DefaultRuntimeDir "{folder}"
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile "{folder}/pid"
ErrorLog "{folder}/error.log"
User nobody
Group nogroup
StartServers 1
ServerLimit 2
ThreadsPerChild 8
MaxRequestWorkers 16
DocumentRoot "{folder}/pages"
DirectoryIndex index.html
TypesConfig /dev/null
AddType text/html .html

OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {id}
OIDCClientSecret {secret}
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCRedirectURI {base}/private/back
OIDCCryptoPassphrase a-passphrase-of-this-test-alone
OIDCScope "openid email"
OIDCPKCEMethod S256
OIDCRemoteUserClaim email

<Location "/private">
  AuthType openid-connect
  Require valid-user
</Location>
<Directory "{folder}/pages">
  Options +Includes
  SetOutputFilter INCLUDES
</Directory>
"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apaches_module_protects_a_page_with_this_server() {
    let server = Server::start(&[]);
    let ada = people(&server, EMAIL).await;
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let base = format!("http://127.0.0.1:{port}");
    let wanted = json!({
        "client_name": "Apache",
        "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": [format!("{base}/private/back")],
        "post_logout_redirect_uris": [format!("{base}/out.html")],
        "scopes": ["openid", "email"],
    });
    let client = ada.registers(&wanted).await;
    let apache = Apache::start(port, &server.base, &client);
    let (private, mut surfer) = (format!("{}/private/", apache.base), Surfer::new());
    let first = surfer.open(&private).await;
    assert_eq!(first.url.origin().ascii_serialization(), server.base, "{} {}", first.text, apache.log());
    let shown = surfer.sign_in(first, EMAIL).await;
    assert!(shown.text.contains("It is ada@example.com who reads this."), "{} {} {}", shown.url, shown.text, apache.log());
    assert_eq!(shown.url.as_str(), private);
    // Somebody else, and what nobody is told.
    let stranger = Surfer::new().open(&private).await;
    assert!(stranger.url.path() == "/sign-in" && !stranger.text.contains("who reads this"), "{}", stranger.url);
    // An answer that nobody asked for.
    let forged = Surfer::new().open(&format!("{private}back?code=wgo_x&state=x&iss={}", server.base)).await;
    assert!(!forged.text.contains("who reads this"), "{}", forged.text);
    let out = form_urlencoded::byte_serialize(format!("{base}/out.html").as_bytes()).collect::<String>();
    let gone = surfer.open(&format!("{private}back?logout={out}")).await;
    assert!(gone.text.contains("Signed out."), "{} {} {}", gone.url, gone.text, apache.log());
    let again = surfer.open(&private).await;
    assert_eq!(again.url.path(), "/sign-in", "signed out of both: {}", again.url);
}
