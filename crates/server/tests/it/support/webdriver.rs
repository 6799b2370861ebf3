//! A headless Chromium, driven through its own WebDriver.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{PATIENCE, eventually};

/// The name by which WebDriver tells an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window.
pub(crate) struct Browser {
    driver: Child,
    agent: ureq::Agent,
    session: String,
    _profile: TempDir,
}

impl Browser {
    pub(crate) fn open() -> Self {
        let program = |variable: &str| {
            std::env::var_os(variable).unwrap_or_else(|| {
                panic!("this test needs Chromium and its WebDriver: run cargo xtask test browser")
            })
        };
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let driver = Command::new(program("COUNTERSIGN_CHROMEDRIVER"))
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        eventually("the driver listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        let profile = tempfile::tempdir().unwrap();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .proxy(None)
            .build();
        let mut browser = Self {
            driver,
            agent: agent.into(),
            session: format!("http://127.0.0.1:{port}/session"),
            _profile: profile,
        };
        let folder = browser._profile.path().display();
        let options = json!({
            "binary": program("COUNTERSIGN_CHROMIUM").to_str(),
            "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--no-proxy-server",
                format!("--user-data-dir={folder}"),
            ],
        });
        let logs = json!({ "browser": "ALL" });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
                "goog:chromeOptions": options, "goog:loggingPrefs": logs,
            } } });
        let session = browser.post("", &wanted)["sessionId"].as_str().unwrap().to_owned();
        browser.session = format!("{}/{session}", browser.session);
        browser
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.agent.post(format!("{}{path}", self.session));
        let reply = request.content_type("application/json").send(body.to_string());
        let reply = reply.unwrap().body_mut().read_to_string().unwrap();
        let reply: Value = serde_json::from_str(&reply).unwrap();
        assert!(reply["value"].get("error").is_none(), "{path}: {reply}");
        reply["value"].clone()
    }

    pub(crate) fn go(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// What a script returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// The text that somebody reads on the page.
    pub(crate) fn text(&self) -> String {
        self.run("return document.body.innerText").as_str().unwrap().to_owned()
    }

    /// Clicks the link of this text.
    pub(crate) fn follow(&self, link: &str) {
        let element = self.element("link text", link);
        self.post(&format!("/element/{element}/click"), &json!({}));
    }

    /// Types into the element of this selector.
    pub(crate) fn type_into(&self, selector: &str, text: &str) {
        let element = self.element("css selector", selector);
        self.post(&format!("/element/{element}/value"), &json!({ "text": text }));
    }

    /// Presses a key and lets it go.
    pub(crate) fn press(&self, key: &str) {
        let actions = [("keyDown", key), ("keyUp", key)]
            .map(|(kind, key)| json!({ "type": kind, "value": key }));
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.post("/actions", &json!({ "actions": [keyboard] }));
    }

    fn element(&self, using: &str, value: &str) -> String {
        let found = self.post("/element", &json!({ "using": using, "value": value }));
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    /// The address that the browser shows.
    pub(crate) fn address(&self) -> String {
        let reply = self.agent.get(format!("{}/url", self.session)).call();
        let reply = reply.unwrap().body_mut().read_to_string().unwrap();
        let reply: Value = serde_json::from_str(&reply).unwrap();
        reply["value"].as_str().unwrap().to_owned()
    }

    /// What pages and the browser itself have complained of since it was last asked.
    pub(crate) fn console(&self) -> Vec<String> {
        let lines = self.post("/se/log", &json!({ "type": "browser" }));
        lines.as_array().unwrap().iter().map(Value::to_string).collect()
    }

    /// Pages that are opened from now on run no script of their own.
    pub(crate) fn without_javascript(&self) {
        let body =
            json!({ "cmd": "Emulation.setScriptExecutionDisabled", "params": { "value": true } });
        self.post("/goog/cdp/execute", &body);
    }

    /// Shows the page as on a screen of this width, with this colour scheme.
    pub(crate) fn show(&self, width: u32, scheme: &str) {
        let command = |name: &str, parameters: Value| {
            let body = json!({ "cmd": name, "params": parameters });
            self.post("/goog/cdp/execute", &body);
        };
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        command("Emulation.setEmulatedMedia", json!({ "features": [feature] }));
        let metrics = json!({
            "width": width, "height": 1_500, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        command("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// Writes what is on the screen to a PNG file, for whoever wants to look at it.
    pub(crate) fn screenshot(&self, file: &Path) {
        use base64::Engine as _;
        let reply = self.agent.get(format!("{}/screenshot", self.session)).call();
        let reply = reply.unwrap().body_mut().read_to_string().unwrap();
        let reply: Value = serde_json::from_str(&reply).unwrap();
        let png = base64::prelude::BASE64_STANDARD.decode(reply["value"].as_str().unwrap());
        fs::write(file, png.unwrap()).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the browser with the session.
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
