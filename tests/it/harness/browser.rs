//! A real browser, spoken to by `WebDriver` (W3C): Chromium without a window, on a profile of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// How often a page is looked at until it is what is waited for, a hundredth of a second apart.
const LOOKS: usize = 6_000;

/// A browser with one page. It ends with this value.
pub(crate) struct Browser {
    driver: Child,
    session: String,
    http: reqwest::Client,
    _profile: tempfile::TempDir,
}

/// The page checker, or nothing where the tools are not installed and need not be.
pub(crate) fn checker() -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools/node_modules/axe-core/axe.min.js");
    let found = std::fs::read_to_string(file).ok().filter(|_| driver().is_some());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "scripts/test installs the browser and the page checker");
        let told = "not checked in a browser (scripts/test installs Chromium and axe-core)\n";
        super::say(told);
    }
    found
}

fn driver() -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join("chromedriver"))
        .find(|file| file.is_file())
}

impl Browser {
    pub(crate) async fn start() -> Self {
        let mut driver = Command::new(driver().unwrap())
            .args(["--port=0", "--log-level=SEVERE"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It says which port it has found.
        let mut port = None;
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        while port.is_none() {
            let Some(line) = lines.next() else { panic!("the driver ended: {:?}", driver.wait()) };
            let line = line.unwrap();
            port = line.split("on port ").nth(1).and_then(|rest| rest.trim_end_matches('.').parse::<u16>().ok());
            // First it says that it looks for one.
            port = port.filter(|port| *port != 0);
        }
        std::thread::spawn(move || lines.for_each(drop));
        let http = reqwest::Client::builder().timeout(Duration::from_mins(2)).build().unwrap();
        let profile = tempfile::tempdir().unwrap();
        let flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
        ];
        let mut flags: Vec<String> = flags.map(str::to_owned).to_vec();
        flags.push(format!("--user-data-dir={}", profile.path().display()));
        let wanted =
            json!({"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": {"args": flags}}}});
        let base = format!("http://127.0.0.1:{}", port.unwrap());
        let answer: Value =
            http.post(format!("{base}/session")).json(&wanted).send().await.unwrap().json().await.unwrap();
        let session = answer["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {answer}"));
        Self { driver, session: format!("{base}/session/{session}"), http, _profile: profile }
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let sent = self.http.post(format!("{}/{path}", self.session)).json(body).send().await.unwrap();
        let (status, answer): (_, Value) = (sent.status(), sent.json().await.unwrap());
        assert!(status.is_success(), "{path}: {answer}");
        answer["value"].clone()
    }

    pub(crate) async fn open(&self, url: &str) {
        self.post("url", &json!({"url": url})).await;
    }

    /// Runs a function body in the page, and gives back what it returns. The page's own policy does not bind it.
    pub(crate) async fn run(&self, script: &str, arguments: Value) -> Value {
        self.post("execute/sync", &json!({"script": script, "args": arguments})).await
    }

    /// Whether something comes to hold in the page: looked at again and again, by the time that passes, because a browser
    /// asks faster than a busy disk answers.
    pub(crate) async fn comes_to(&self, holds: &str) -> bool {
        let script = format!("return !!({holds})");
        let mut looks = tokio::time::interval(Duration::from_millis(10));
        for _ in 0..LOOKS {
            looks.tick().await;
            if self.run(&script, json!([])).await == json!(true) {
                return true;
            }
        }
        false
    }

    /// Runs what ends later: the script calls its last argument.
    pub(crate) async fn run_async(&self, script: &str) -> Value {
        self.post("execute/async", &json!({"script": script, "args": []})).await
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        self.post("goog/cdp/execute", &json!({"cmd": command, "params": parameters})).await;
    }

    /// Light or dark, as the visitor's system says.
    pub(crate) async fn prefer(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    /// The size of the page's window, in its own pixels.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Whether pages may run scripts.
    pub(crate) async fn scripts(&self, allowed: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({"value": !allowed})).await;
    }

    /// Presses a key as a person does.
    pub(crate) async fn press(&self, key: &str) {
        let keys = json!([{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]);
        self.post("actions", &json!({"actions": [{"type": "key", "id": "keys", "actions": keys}]})).await;
    }

    /// Presses keys one after another.
    pub(crate) async fn press_all(&self, keys: impl Iterator<Item = char>) {
        let each = |key: char| {
            let key = key.to_string();
            [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})]
        };
        let keys: Vec<Value> = keys.flat_map(each).collect();
        self.post("actions", &json!({"actions": [{"type": "key", "id": "keys", "actions": keys}]})).await;
    }

    /// What stands at this place (an `XPath`). It must be there.
    async fn element(&self, place: &str) -> String {
        let found = self.post("element", &json!({"using": "xpath", "value": place})).await;
        let id = found.as_object().and_then(|found| found.values().next()).and_then(Value::as_str);
        id.unwrap_or_else(|| panic!("{place}: {found}")).to_owned()
    }

    /// Points at what stands at this place (an `XPath`) and presses it. It must be seen, and nothing may lie over it.
    pub(crate) async fn click(&self, place: &str) {
        let element = self.element(place).await;
        self.post(&format!("element/{element}/click"), &json!({})).await;
    }

    /// Runs a script at the beginning of every page from now on, before anything of the page's own.
    pub(crate) async fn before_every_page(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": script})).await;
    }

    /// Cuts the line, or mends it.
    pub(crate) async fn line(&self, is_whole: bool) {
        let line = json!({"offline": !is_whole, "latency": 0, "throughput": 10_000_000});
        self.post("chromium/network_conditions", &json!({"network_conditions": line})).await;
    }

    /// Shows pages as they are printed, or as they are seen again.
    pub(crate) async fn paper(&self, is_paper: bool) {
        let media = if is_paper { "print" } else { "" };
        self.devtools("Emulation.setEmulatedMedia", json!({"media": media})).await;
    }

    /// The whole page as a picture, for somebody to look at: not where checks run by themselves.
    pub(crate) async fn picture(&self, file: &Path) {
        if std::env::var_os("CI").is_some() {
            return;
        }
        let answer = self
            .post(
                "goog/cdp/execute",
                &json!({"cmd": "Page.captureScreenshot", "params": {"format": "png", "captureBeyondViewport": true}}),
            )
            .await;
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()).unwrap();
    }
}

impl Browser {
    /// Asks the driver to end the browser, which would go on without it.
    fn quit(&self) -> std::io::Result<()> {
        let (host, path) = self.session["http://".len()..].split_once('/').unwrap_or_default();
        let mut driver = TcpStream::connect(host)?;
        driver.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(driver, "DELETE /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        driver.read(&mut [0; 1]).map(drop)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.quit();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
