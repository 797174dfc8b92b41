//! Real deliveries, checked by the official Standard Webhooks libraries for JavaScript and Python.
//!
//! `scripts/test` installs them at fixed versions into `target/standard-webhooks`. Neither knows `v1a`, so these
//! signatures are checked with each language's usual Ed25519 over the same content.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use recourse::base::time::Clock;
use serde_json::{Value, json};

use crate::harness::client::small;
use crate::harness::on_both_with;
use crate::harness::receiver::{Manner, Receiver};
use crate::webhooks::{endpoint, over_loopback};

const NODE: &str = r#"
const { Webhook } = require("standardwebhooks");
const crypto = require("crypto");
const { secret, public_key, messages } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), Buffer.from(public_key.slice(5), "base64")]);
const key = crypto.createPublicKey({ key: der, format: "der", type: "spki" });
let held = 0;
for (const { headers, body } of messages) {
  new Webhook(secret).verify(body, headers);
  let refused = false;
  try { new Webhook(secret).verify(body + " ", headers); } catch { refused = true; }
  const content = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  const signature = headers["webhook-signature"].split(" ").find((s) => s.startsWith("v1a,")).slice(4);
  if (refused && crypto.verify(null, content, key, Buffer.from(signature, "base64"))) held += 1;
}
console.log(held);
"#;

const PYTHON: &str = r#"
import base64, json, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError
given = json.load(sys.stdin)
key = Ed25519PublicKey.from_public_bytes(base64.b64decode(given["public_key"][5:]))
held = 0
for message in given["messages"]:
    headers, body = message["headers"], message["body"]
    Webhook(given["secret"]).verify(body, headers)
    try:
        Webhook(given["secret"]).verify(body + " ", headers)
        continue
    except WebhookVerificationError:
        pass
    signature = next(s[4:] for s in headers["webhook-signature"].split(" ") if s.startswith("v1a,"))
    content = f'{headers["webhook-id"]}.{headers["webhook-timestamp"]}.{body}'.encode()
    key.verify(base64.b64decode(signature), content)
    held += 1
print(held)
"#;

fn libraries() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/standard-webhooks")
}

/// The two programs, or nothing where the libraries were not installed and need not be.
fn programs() -> Option<[Command; 2]> {
    let place = libraries();
    let python = place.join("python/bin/python");
    if !place.join("node_modules/standardwebhooks").is_dir() || !python.is_file() {
        assert!(std::env::var_os("CI").is_none(), "scripts/test installs the official libraries");
        let told = "not checked with the official Standard Webhooks libraries (scripts/test installs them)\n";
        crate::harness::say(told);
        return None;
    }
    let mut node = Command::new("node");
    node.args(["-e", NODE]).current_dir(&place);
    let mut snake = Command::new(python);
    snake.args(["-c", PYTHON]);
    Some([node, snake])
}

fn run(command: &mut Command, given: &Value) -> String {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    serde_json::to_writer(child.stdin.take().unwrap(), given).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn the_official_libraries_verify_what_is_delivered() {
    if programs().is_none() {
        return;
    }
    on_both_with(over_loopback, |world| async move {
        // The libraries compare with the machine's clock, so this test's clock is set to it.
        world.clock.advance(Clock::machine().now().since(world.clock.now()));
        let spark = world.platform("spark").await;
        let receiver = Receiver::start(Manner::Answer(204, "")).await;
        let first = endpoint(&world, &spark, &receiver, &[]).await;
        let path = format!("/v1/webhook-endpoints/{}/rotate", first["id"].as_str().unwrap());
        spark.submit(&small("L-1")).await;
        world.deliver().await;
        spark.caller.post_with(&path, "rotate", Some("\"1\""), &json!({"overlap_hours": 1})).await.expect(200);
        spark.submit(&small("L-2")).await;
        world.deliver().await;
        let messages: Vec<Value> = receiver
            .messages()
            .into_iter()
            .map(|message| json!({"headers": message.headers, "body": message.body}))
            .collect();
        assert_eq!(messages.len(), 2);
        // After the rotation the old keys still hold, second in the list of signatures; the newest come first.
        let given = json!({"secret": first["secret"], "public_key": first["public_key"], "messages": [messages[0]]});
        for mut program in programs().unwrap() {
            assert_eq!(run(&mut program, &given), "1");
        }
        let rotated = spark.caller.get("/v1/webhook-endpoints").await.expect(200).json();
        let second = rotated["data"][0]["public_keys"][0]["public_key"].clone();
        // A receiver that is four rotations behind, each within its overlap.
        for version in 2..5 {
            let (key, tag) = (format!("rotate-{version}"), format!("\"{version}\""));
            spark.caller.post_with(&path, &key, Some(&tag), &json!({"overlap_hours": 1})).await.expect(200);
        }
        spark.submit(&small("L-3")).await;
        world.deliver().await;
        let late = receiver.messages().pop().map(|late| json!({"headers": late.headers, "body": late.body}));
        let rotated = spark.caller.get("/v1/webhook-endpoints").await.expect(200).json();
        let newest = rotated["data"][0]["public_keys"][0]["public_key"].clone();
        let given = json!({"secret": first["secret"], "public_key": newest, "messages": [late]});
        for mut program in programs().unwrap() {
            assert_eq!(run(&mut program, &given), "1", "the secret of four rotations ago");
        }
        let given = json!({"secret": first["secret"], "public_key": second, "messages": [messages[1]]});
        for mut program in programs().unwrap() {
            assert_eq!(run(&mut program, &given), "1", "the old secret and the new key");
        }
    });
}
