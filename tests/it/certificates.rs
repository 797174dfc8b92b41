//! Whoever shows a certificate that nobody vouches for hears nothing from us: receivers of webhooks, the pager, the mail server.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use recourse::base::secret::Sensitive;
use recourse::outbound::{
    MailSettings, Mailer, NotSent, Outbound, Pager, PagerSettings, Ring, Rules, Settings, Trouble,
};
use reqwest::header::HeaderMap;

/// Speaks TLS under a certificate of its own making, and says whether it heard a word. The key in the file is this test's
/// alone and opens nothing.
const IMPOSTOR: &str = r#"
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    plain, _ = listener.accept()
    plain.settimeout(20)
    try:
        stream = context.wrap_socket(plain, server_side=True)
        stream.sendall(b"220 impostor\r\n" if len(sys.argv) > 2 else b"")
        heard = stream.recv(4096)
        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        print("heard" if heard else "refused", flush=True)
    except (ssl.SSLError, OSError):
        print("refused", flush=True)
    plain.close()
"#;

struct Impostor {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
    port: u16,
}

impl Impostor {
    fn start(greeting: &[&str]) -> Self {
        let pem = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/nobody.pem");
        let mut command = Command::new("python3");
        command.args(["-c", IMPOSTOR, pem]).args(greeting).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        Self { child, said, port: line.trim().parse().unwrap() }
    }

    /// What became of the next connection.
    fn next(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_impostor_hears_neither_events_nor_rings_nor_mails() {
    actix_web::rt::System::new().block_on(async {
        let mut web = Impostor::start(&[]);
        let url = format!("https://localhost:{}/hook", web.port);
        // It does speak TLS, to whoever asks nobody about it.
        let careless = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).build().unwrap();
        assert_eq!(careless.post(&url).body("{}").send().await.unwrap().status(), 200);
        assert_eq!(web.next(), "heard");

        let settings = Settings { allow: vec![format!("localhost:{}", web.port)], ..Settings::default() };
        let outbound = Outbound::new(settings.clone(), Arc::new(Rules::new(&settings).unwrap()));
        let answer = outbound.post(&url, HeaderMap::new(), "{}".to_owned()).await;
        assert_eq!(answer.map(|answer| answer.status), Err(Trouble::Connect));
        assert_eq!(web.next(), "refused");

        let pager =
            Pager::new(&PagerSettings { url: Some(Sensitive::new(url)), ..PagerSettings::default() }).unwrap().unwrap();
        let ring = Ring { id: "1", urgency: "now", rung: "lead", told: 0, sign_in: "https://recourse.example.org" };
        assert!(pager.ring(&ring).await.is_err());
        assert_eq!(web.next(), "refused");

        let mut post = Impostor::start(&["greets"]);
        let url = Some(Sensitive::new(format!("smtps://localhost:{}", post.port)));
        let mailer = Mailer::new(&MailSettings { url, ..MailSettings::default() }).unwrap().unwrap();
        let to = Sensitive::new("amina@staff.example".to_owned());
        let sent = mailer.send(&to, "Please sign in", "Please sign in.", "1").await;
        assert!(matches!(sent, Err(NotSent::Later(_))), "{sent:?}");
        assert_eq!(post.next(), "refused");
    });
}
