//! Access tokens that were not given out here, or say what they must not, written by hand.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use recourse::domain::people::platforms::Scope;
use recourse::domain::terms::Mode;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::client::small;
use crate::harness::{World, on_both};

/// The header of our own tokens, in another order.
const HEADER: &str = r#"{"typ":"at+jwt","alg":"EdDSA"}"#;

fn part(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn read(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// A token with these parts, under a true signature.
fn signed(key: &SigningKey, header: &str, claims: &str) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()).to_bytes());
    format!("{message}.{signature}")
}

/// Claims with some of them changed.
fn with(claims: &Value, changes: &Value) -> String {
    let mut claims = claims.clone();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.to_string()
}

async fn status(world: &World, token: &str) -> u16 {
    world.caller(token).get("/v1/status").await.status
}

#[test]
fn a_token_with_another_header_or_signature_is_refused() {
    on_both(|world| async move {
        let token = world.platform("spark").await.caller.token;
        let key = world.app.kit.keyring.token_key();
        let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
        let text = read(payload).to_string();
        assert_eq!(status(&world, &signed(&key, HEADER, &text)).await, 200, "this is how a token is made");

        for header in [
            r#"{"typ":"at+jwt","alg":"EdDSA","crit":["exp"]}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","crit":["b64"],"b64":true}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","crit":["urn:unheard-of"],"urn:unheard-of":1}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","crit":[]}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","crit":null}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","crit":"exp"}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","kid":"../../../../dev/null"}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","kid":"1' OR '1'='1"}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","jku":"https://keys.attacker.org/jwks.json"}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519","x":"AAAA"}}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","cty":"JWT"}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","alg":"none"}"#,
            r#"{"typ":"at+jwt","alg":"none","alg":"EdDSA"}"#,
            r#"{"typ":"JWT","alg":"EdDSA"}"#,
            r#"{"typ":"AT+JWT","alg":"EdDSA"}"#,
            r#"{"alg":"EdDSA"}"#,
            r#"{"typ":null,"alg":"EdDSA"}"#,
            r#"{"typ":"at+jwt","alg":"none"}"#,
            r#"{"typ":"at+jwt","alg":"None"}"#,
            r#"{"typ":"at+jwt","alg":"ES256"}"#,
            r#"{"typ":"at+jwt","alg":"eddsa"}"#,
            r#"{"typ":"at+jwt"}"#,
            "[]",
            "{}",
            "",
        ] {
            assert_eq!(status(&world, &signed(&key, header, &text)).await, 401, "{header}");
        }

        // No signature, ours with something beside it, and the public half taken for a shared secret.
        let none = format!("{}.{payload}.", part(r#"{"typ":"at+jwt","alg":"none"}"#));
        let public = key.verifying_key();
        let mut forged = vec![none, format!("{header}.{payload}."), format!("{header}.{payload}")];
        for secret in [public.as_bytes().to_vec(), STANDARD.encode(public.as_bytes()).into_bytes()] {
            let message = format!("{}.{payload}", part(r#"{"typ":"at+jwt","alg":"HS256"}"#));
            let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
            mac.update(message.as_bytes());
            forged.push(format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())));
        }
        for more in [".", "..", ".x", "..x", "=", " "] {
            forged.push(format!("{token}{more}"));
        }
        forged.extend([
            format!(".{token}"),
            format!("{header}..{signature}"),
            format!("{header}.{payload}.{payload}.{signature}"),
        ]);
        for other in [SigningKey::from_bytes(&[7; 32]), world.app.kit.keyring.digest_key()] {
            forged.push(signed(&other, HEADER, &text));
        }
        for token in forged.iter().filter(|token| !token.ends_with(' ')) {
            assert_eq!(status(&world, token).await, 401, "{token}");
        }
        assert_eq!(status(&world, &token).await, 200);
    });
}

#[test]
fn a_token_with_claims_that_are_not_good_now_is_refused() {
    on_both(|world| async move {
        let token = world.platform("spark").await.caller.token;
        let key = world.app.kit.keyring.token_key();
        let claims = read(token.split('.').nth(1).unwrap());
        let now = claims["iat"].as_i64().unwrap();
        assert_eq!(claims["nbf"], claims["iat"], "a token says from when on it holds");
        for (changes, why) in [
            (json!({"nbf": now + 11}), "not yet"),
            (json!({"nbf": i64::MAX}), "never"),
            (json!({"nbf": null}), "from no time on"),
            (json!({"nbf": "0"}), "a text is no time"),
            (json!({"nbf": 1.5e300}), "nor is this"),
            (json!({"iat": now + 11}), "given out in times to come"),
            (json!({"exp": now}), "over"),
            (json!({"exp": i64::MIN}), "long over"),
            (json!({"exp": null}), "without an end"),
            (json!({"iss": "https://elsewhere.example.org"}), "of another service"),
            (json!({"aud": "https://elsewhere.example.org"}), "for another service"),
            (json!({"aud": []}), "for nobody"),
            (json!({"sub": format!("plc_{}", "0".repeat(26))}), "two clients"),
            (
                json!({"client_id": format!("plc_{}", "0".repeat(26)), "sub": format!("plc_{}", "0".repeat(26))}),
                "nobody's",
            ),
            (json!({"epoch": 0}), "an old epoch"),
            (json!({"epoch": 2}), "an epoch to come"),
            (json!({"scope": "reports:everything"}), "no scope of ours"),
            (json!({"mode": "both"}), "no mode of ours"),
        ] {
            assert_eq!(status(&world, &signed(&key, HEADER, &with(&claims, &changes))).await, 401, "{why}");
        }
        for name in claims.as_object().unwrap().keys() {
            let mut less = claims.clone();
            less.as_object_mut().unwrap().remove(name);
            assert_eq!(status(&world, &signed(&key, HEADER, &less.to_string())).await, 401, "without {name}");
            // Twice, and each time the same: which one counts is nobody's guess.
            let twice = format!("{{\"{name}\":{},{}", claims[name], &claims.to_string()[1..]);
            assert_eq!(status(&world, &signed(&key, HEADER, &twice)).await, 401, "{name} twice");
        }
        // A clock that is ten seconds behind still takes it.
        for leeway in [json!({"nbf": now + 10}), json!({"iat": now + 10})] {
            assert_eq!(status(&world, &signed(&key, HEADER, &with(&claims, &leeway))).await, 200);
        }
    });
}

#[test]
fn mode_platform_and_scopes_are_those_of_the_credential() {
    on_both(|world| async move {
        let other = world.platform("other").await;
        let token = world.platform_with("spark", Mode::Test, &[Scope::ReportsRead]).await.caller.token;
        let key = world.app.kit.keyring.token_key();
        let claims = read(token.split('.').nth(1).unwrap());
        let theirs = read(other.caller.token.split('.').nth(1).unwrap());
        for changes in
            [json!({"mode": "live"}), json!({"plt": theirs["plt"]}), json!({"mode": "live", "plt": theirs["plt"]})]
        {
            let forged = signed(&key, HEADER, &with(&claims, &changes));
            assert_eq!(status(&world, &forged).await, 401, "{changes}");
            let sent = world.caller(&forged).post("/v1/reports", &small("SPK-1")).await;
            assert_eq!(sent.status, 401, "{changes}: {}", sent.text);
        }
        // The signature alone gives no scope that the credential has not.
        let wide =
            signed(&key, HEADER, &with(&claims, &json!({"scope": "reports:write reports:read webhooks:manage"})));
        let told = world.caller(&wide).get("/v1/status").await.expect(200).json();
        assert_eq!((told["scopes"].clone(), told["mode"].clone()), (json!(["reports:read"]), json!("test")));
        world.caller(&wide).post("/v1/reports", &small("SPK-1")).await.expect(403);
        world.caller(&wide).get("/v1/webhook-endpoints").await.expect(403);
        assert_eq!(
            other.caller.get("/v1/reports?platform_report_ref=SPK-1").await.expect(200).json()["data"],
            json!([])
        );
    });
}
