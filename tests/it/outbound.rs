//! Calls to addresses that others chose never reach anybody's inside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use recourse::error::rules::Url as Refusal;
use recourse::outbound::{Outbound, Rules, Settings, Trouble};
use reqwest::header::HeaderMap;
use serde_json::json;
use tokio::net::UdpSocket;

use crate::harness::on_both;
use crate::harness::receiver::{Manner, Receiver};

/// URLs that may not be called, and why.
const FORBIDDEN: &[(&str, Refusal)] = {
    use Refusal::{Address, Fragment, Host, Malformed, Port, Scheme, UserInfo};
    &[
        ("", Malformed),
        ("hooks", Malformed),
        ("//hooks.spark-dating.com/", Malformed),
        ("https:", Malformed),
        ("https://", Malformed),
        ("https:///", Malformed),
        ("http://hooks.spark-dating.com/", Scheme),
        ("ftp://hooks.spark-dating.com/", Scheme),
        ("file:///etc/passwd", Malformed),
        ("gopher://hooks.spark-dating.com/", Scheme),
        ("ws://hooks.spark-dating.com/", Scheme),
        ("data:text/plain,hello", Malformed),
        ("https://hooks.spark-dating.com:80/", Port),
        ("https://hooks.spark-dating.com:8443/", Port),
        ("https://hooks.spark-dating.com:22/", Port),
        ("https://hooks.spark-dating.com:0/", Port),
        ("https://hooks.spark-dating.com:65536/", Malformed),
        ("https://me@hooks.spark-dating.com/", UserInfo),
        ("https://me:secret@hooks.spark-dating.com/", UserInfo),
        ("https://:@hooks.spark-dating.com/", UserInfo),
        ("https://@hooks.spark-dating.com/", UserInfo),
        ("https://hooks.spark-dating.com@127.0.0.1/", UserInfo),
        ("https://127.0.0.1#@hooks.spark-dating.com/", Fragment),
        ("https://hooks.spark-dating.com/#top", Fragment),
        ("https://hooks.spark-dating.com/#", Fragment),
        ("https://hooks.spark-dating.com\\@127.0.0.1/", Malformed),
        ("https://127.0.0.1/", Address),
        ("https://127.1/", Address),
        ("https://127.0.1/", Address),
        ("https://0/", Address),
        ("https://0.0.0.0/", Address),
        ("https://2130706433/", Address),
        ("https://0x7f000001/", Address),
        ("https://0x7f.1/", Address),
        ("https://0x7f.0x0.0x0.0x1/", Address),
        ("https://017700000001/", Address),
        ("https://0177.0.0.1/", Address),
        ("https://0177.0x0.1/", Address),
        ("https://127.0.0.1./", Address),
        ("https://127.0.0.0x1./", Address),
        ("https://10.0.0.1/", Address),
        ("https://169.254.169.254/latest/meta-data/", Address),
        ("https://192.168.0.1/", Address),
        ("https://100.64.0.1/", Address),
        ("https://8.8.8.8/", Address),
        ("https://256.256.256.256/", Malformed),
        ("https://1.2.3.4.5/", Malformed),
        ("https://[::1]/", Address),
        ("https://[::]/", Address),
        ("https://[0:0:0:0:0:0:0:1]/", Address),
        ("https://[::ffff:127.0.0.1]/", Address),
        ("https://[::ffff:7f00:1]/", Address),
        ("https://[64:ff9b::7f00:1]/", Address),
        ("https://[2002:7f00:1::]/", Address),
        ("https://[fe80::1%25eth0]/", Malformed),
        ("https://[fe80::1%eth0]/", Malformed),
        ("https://[fd00::1]/", Address),
        ("https://[2606:4700::1111]/", Address),
        ("https://::1/", Malformed),
        ("https://%31%32%37.0.0.1/", Address),
        ("https://%6c%6f%63alhost/", Host),
        ("https://hooks.spark-dating%2ecom/", Malformed),
        ("https://１２７.０.０.１/", Malformed),
        ("https://ⓛocalhost/", Malformed),
        ("https://127。0。0。1/", Malformed),
        ("https://localhost/", Host),
        ("https://LOCALHOST/", Host),
        ("https://localhost./", Host),
        ("https://a.localhost/", Host),
        ("https://printer.local/", Host),
        ("https://metadata.google.internal/", Host),
        ("https://hooks.internal/", Host),
        ("https://db.corp/", Host),
        ("https://router.home.arpa/", Host),
        ("https://router.lan/", Host),
        ("https://intranet/", Host),
        ("https://hooks.example/", Host),
        ("https://hooks.test/", Host),
        ("https://hooks.invalid/", Host),
        ("https://hidden.onion/", Host),
        ("https://hooks.spark-dating.com./", Host),
        ("https://hooks..spark-dating.com/", Host),
        ("https://.spark-dating.com/", Host),
        ("https://hooks.spark-dating.com/a b", Malformed),
        ("https://hooks.spark-dating.com/\n", Malformed),
        ("https://hooks.spark\t-dating.com/", Malformed),
        (" https://hooks.spark-dating.com/", Malformed),
        ("https:\\\\hooks.spark-dating.com\\", Malformed),
        ("https:hooks.spark-dating.com", Malformed),
        ("https:////127.0.0.1/", Address),
    ]
};

fn rules(settings: &Settings) -> Arc<Rules> {
    Arc::new(Rules::new(settings).unwrap())
}

async fn post(settings: &Settings, url: &str) -> Result<u16, Trouble> {
    let outbound = Outbound::new(settings.clone(), rules(settings));
    outbound.post(url, HeaderMap::new(), "{}".to_owned()).await.map(|answer| answer.status)
}

#[test]
fn forbidden_urls_are_refused_when_stored_and_when_called() {
    let rules = rules(&Settings::default());
    let found: Vec<(&str, Option<Refusal>)> =
        FORBIDDEN.iter().map(|(url, _)| (*url, rules.target(url).err())).collect();
    let expected: Vec<(&str, Option<Refusal>)> = FORBIDDEN.iter().map(|(url, why)| (*url, Some(*why))).collect();
    assert_eq!(found, expected);
    assert!(FORBIDDEN.len() >= 60);
    for url in [
        "https://hooks.spark-dating.com/",
        "https://Hooks.Spark-Dating.COM/x",
        "https://xn--bcher-kva.ch:443/a?b=c",
        "https://a.b.c.co.uk/x",
    ] {
        assert!(rules.target(url).is_ok(), "{url}");
    }
    let long = format!("https://hooks.spark-dating.com/{}", "a".repeat(2_048));
    assert_eq!(rules.target(&long).err(), Some(Refusal::Malformed));
    actix_web::rt::System::new().block_on(async {
        for (url, _) in FORBIDDEN {
            assert_eq!(post(&Settings::default(), url).await, Err(Trouble::Url), "{url}");
        }
    });
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        for (url, why) in FORBIDDEN {
            let refused = spark.caller.post("/v1/webhook-endpoints", &json!({"url": url})).await.expect(422);
            assert_eq!(refused.errors(), [format!("/url {}", why.code())], "{url}");
        }
        let none = spark.caller.get("/v1/webhook-endpoints").await.expect(200);
        assert_eq!(none.json()["data"], json!([]));
    });
}

#[test]
fn an_allowed_host_may_be_plain_private_and_at_any_port() {
    actix_web::rt::System::new().block_on(async {
        let receiver = Receiver::start(Manner::Answer(204, "")).await;
        let here = format!("127.0.0.1:{}", receiver.port);
        let url = format!("http://{here}/");
        assert_eq!(post(&Settings::default(), &url).await, Err(Trouble::Url));
        let elsewhere = Settings { allow: vec!["127.0.0.1:1".to_owned()], ..Settings::default() };
        assert_eq!(post(&elsewhere, &url).await, Err(Trouble::Url));
        assert_eq!(receiver.connections(), 0);
        for allow in [here.clone(), "127.0.0.1".to_owned()] {
            let settings = Settings { allow: vec![allow], ..Settings::default() };
            assert_eq!(post(&settings, &url).await, Ok(204));
            assert_eq!(post(&settings, &format!("http://me@{here}/")).await, Err(Trouble::Url));
        }
        assert!(Rules::new(&Settings { allow: vec!["http://x/".to_owned()], ..Settings::default() }).is_err());
    });
}

/// A name server that answers the questions for A and AAAA in turn with what its script says, and counts them.
struct NameServer {
    at: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl NameServer {
    /// Each look-up (one question for each family) is answered by the next entry, and the last one is repeated.
    async fn start(script: Vec<Vec<IpAddr>>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (at, asked) = (socket.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&asked);
        let turns = Mutex::new((0, 0));
        actix_web::rt::spawn(async move {
            let mut question = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut question).await {
                let question = &question[..length];
                let end = 12 + question[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
                let wants_v6 = question[end - 3] == 28;
                counted.fetch_add(1, Ordering::SeqCst);
                let turn = {
                    let mut turns = turns.lock().unwrap();
                    let turn = if wants_v6 { &mut turns.1 } else { &mut turns.0 };
                    *turn += 1;
                    (*turn - 1_usize).min(script.len() - 1)
                };
                let all: Vec<&IpAddr> = script[turn].iter().filter(|ip| ip.is_ipv6() == wants_v6).collect();
                let count = u8::try_from(all.len()).unwrap();
                let mut answer = question[..2].to_vec();
                answer.extend([0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0]);
                answer.extend(&question[12..end]);
                for ip in all {
                    // A pointer to the name, the type, the class, no time to live, the address.
                    answer.extend([0xc0, 12, 0, question[end - 3], 0, 1, 0, 0, 0, 0]);
                    match ip {
                        IpAddr::V4(ip) => answer.extend([0, 4].into_iter().chain(ip.octets())),
                        IpAddr::V6(ip) => answer.extend([0, 16].into_iter().chain(ip.octets())),
                    }
                }
                socket.send_to(&answer, from).await.unwrap();
            }
        });
        Self { at, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Global unicast by its form, given back long ago: a connection to it leads nowhere.
const FAR: IpAddr = IpAddr::V6(Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 1));

fn settings(server: &NameServer, receiver: &Receiver) -> Settings {
    // The port is open, so that the address alone stands in the way.
    let ports = vec![443, receiver.port];
    Settings { nameserver: Some(server.at), ports, connect_ms: 3_000, total_ms: 4_000, ..Settings::default() }
}

#[test]
fn a_name_with_one_inner_address_among_its_answers_is_not_connected_to() {
    actix_web::rt::System::new().block_on(async {
        let receiver = Receiver::start(Manner::Answer(204, "")).await;
        let inner: [IpAddr; 6] = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1"]
            .map(|text| text.parse().unwrap());
        for address in inner {
            for answers in [vec![address], vec![FAR, address], vec![address, FAR]] {
                let server = NameServer::start(vec![answers]).await;
                let url = format!("https://hooks.spark-dating.com:{}/", receiver.port);
                let refused = post(&settings(&server, &receiver), &url).await;
                assert_eq!(refused, Err(Trouble::Address), "{address}");
                assert!(server.asked() > 0);
            }
        }
        assert_eq!(receiver.connections(), 0);
        // The same receiver, the same names: what stood in the way was the address.
        let server = NameServer::start(vec![vec![HERE]]).await;
        let allow = vec!["hooks.spark-dating.com".to_owned()];
        let open = Settings { allow, ..settings(&server, &receiver) };
        assert_eq!(post(&open, &format!("http://hooks.spark-dating.com:{}/", receiver.port)).await, Ok(204));
        assert_eq!(receiver.connections(), 1);
    });
}

#[test]
fn a_name_that_moves_inside_between_look_up_and_connection_leads_nowhere() {
    actix_web::rt::System::new().block_on(async {
        let receiver = Receiver::start(Manner::Answer(204, "")).await;
        let server = NameServer::start(vec![vec![FAR], vec![HERE]]).await;
        let settings = settings(&server, &receiver);
        let outbound = Outbound::new(settings.clone(), rules(&settings));
        let url = format!("https://hooks.spark-dating.com:{}/", receiver.port);
        let call = || outbound.post(&url, HeaderMap::new(), "{}".to_owned());
        let first = call().await.unwrap_err();
        assert!(matches!(first, Trouble::Connect | Trouble::Timeout), "{first:?}");
        assert_eq!(server.asked(), 2, "one question for each family, and no second look");
        for _ in 0..3 {
            assert_eq!(call().await.unwrap_err(), Trouble::Address);
        }
        assert_eq!(receiver.connections(), 0);
    });
}

#[test]
fn a_name_without_an_address_and_a_block_of_our_own_are_not_called() {
    actix_web::rt::System::new().block_on(async {
        let receiver = Receiver::start(Manner::Answer(204, "")).await;
        let url = "https://hooks.spark-dating.com/";
        let none = NameServer::start(vec![vec![]]).await;
        assert_eq!(post(&settings(&none, &receiver), url).await, Err(Trouble::Name));
        let far = NameServer::start(vec![vec![FAR]]).await;
        let own = Settings { deny: vec!["3ffe::/64".parse().unwrap()], ..settings(&far, &receiver) };
        assert_eq!(post(&own, url).await, Err(Trouble::Address));
    });
}

#[test]
fn redirects_proxies_and_long_answers_lead_no_further() {
    actix_web::rt::System::new().block_on(async {
        let inner = Receiver::start(Manner::Answer(200, "")).await;
        let location: &'static str = format!("location: {}\r\n", inner.url()).leak();
        let receiver = Receiver::start(Manner::Answer(307, location)).await;
        let settings = Settings { allow: vec!["127.0.0.1".to_owned()], ..Settings::default() };
        assert_eq!(post(&settings, &receiver.url()).await, Ok(307));
        assert_eq!(inner.count(), 0);
        receiver.turn(Manner::Say(200, "x".repeat(1_000_000)));
        let outbound = Outbound::new(settings.clone(), rules(&settings));
        let answer = outbound.post(&receiver.url(), HeaderMap::new(), "{}".to_owned()).await.unwrap();
        assert_eq!((answer.status, answer.body.len()), (200, recourse::outbound::KEPT));
    });
}
