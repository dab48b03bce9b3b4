//! Redirects: each as hostile as a first address.

use wardgraph_egress::{Address, EgressError, HeaderValue, Method, Request, header};

use crate::kit::{OPEN, PATIENCE, World, are, ok, whole};

/// Where a redirect leads that is not followed.
pub(crate) const ASTRAY: &[&str] = &[
    "http://127.0.0.1:PORT/",
    "//127.0.0.1:PORT/",
    "http://127.0.0.3:PORT/",
    "http://[::1]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[64:ff9b::7f00:1]:PORT/",
    "http://169.254.169.254/latest/meta-data",
    "http://10.0.0.1/",
    "http://0.0.0.0:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f.1:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://inside.test:PORT/",
    "http://127.0.0.2:22/",
    "http://user:pass@127.0.0.2:PORT/",
    "file:///etc/passwd",
    "ftp://127.0.0.2:PORT/",
    "gopher://127.0.0.1:PORT/",
    "javascript:alert(1)",
    "\\\\127.0.0.1:PORT\\",
    "http://",
    "/loop",
];

fn to(location: &str) -> crate::kit::Play {
    whole(format!("HTTP/1.1 302 Found\r\nconnection: close\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"))
}

#[tokio::test]
async fn fault_17_no_redirect_leads_astray() {
    let world = World::new().await;
    world.name("inside.test", vec![are(&["127.0.0.1"])]);
    world.play("/loop", to("/loop"));
    for location in ASTRAY {
        world.play("/start", to(&world.text(location)));
        let outcome = world.get(&world.client(), &format!("http://{OPEN}:PORT/start")).await;
        assert!(outcome.is_err(), "{location}: {outcome:?}");
    }
    // A redirect without a place to go, with two, or with one that is no text.
    for lines in ["", "location: /\r\nlocation: /\r\n", "location: /\u{e9}\r\n"] {
        world.play("/start", whole(format!("HTTP/1.1 301 X\r\nconnection: close\r\n{lines}content-length: 0\r\n\r\n")));
        assert_eq!(world.get(&world.client(), &format!("http://{OPEN}:PORT/start")).await, Err(EgressError::Redirect), "{lines}");
    }
    assert_eq!(world.trespasses(), 0);
}

#[tokio::test]
async fn three_redirects_are_followed_and_a_fourth_is_not() {
    let world = World::new().await;
    for (from, next) in [("/4", "/3"), ("/3", "/2"), ("/2", "/1"), ("/1", "/0")] {
        world.play(from, to(next));
    }
    world.play("/0", ok("there"));
    let client = world.client();
    assert_eq!(world.get(&client, &format!("http://{OPEN}:PORT/3")).await.as_deref(), Ok("there"));
    assert_eq!(world.get(&client, &format!("http://{OPEN}:PORT/4")).await, Err(EgressError::Redirect));
    // Asking for more does not help.
    let mut request = Request::get(world.address(&format!("http://{OPEN}:PORT/4")), PATIENCE, PATIENCE);
    request.redirects = usize::MAX;
    assert_eq!(client.send(request).await.map(|answer| answer.status), Err(EgressError::Redirect));
}

#[tokio::test]
async fn credentials_stay_with_the_host_that_they_were_for() {
    let world = World::new().await;
    world.name("other.test", vec![are(&[OPEN])]);
    world.play("/same", to("/landed"));
    world.play("/other", to(&world.text("http://other.test:PORT/landed")));
    for (path, kept) in [("/same", true), ("/other", false)] {
        let mut request = Request::get(world.address(&format!("http://{OPEN}:PORT{path}")), PATIENCE, PATIENCE);
        for (name, value) in
            [("authorization", "Bearer canary"), ("cookie", "canary"), ("x-api-key", "canary"), ("accept", "text/plain")]
        {
            request.headers.insert(name.parse::<header::HeaderName>().unwrap(), HeaderValue::from_static(value));
        }
        world.heads.lock().unwrap().clear();
        assert_eq!(world.client().send(request).await.unwrap().status.as_u16(), 200);
        let heads = world.heads.lock().unwrap().clone();
        assert_eq!(heads.len(), 2);
        assert_eq!(heads[0].matches("canary").count(), 3, "{}", heads[0]);
        assert_eq!(heads[1].contains("canary"), kept, "{}", heads[1]);
        assert!(heads[1].contains("accept: text/plain") && !heads[1].contains("referer"), "{}", heads[1]);
    }
}

#[tokio::test]
async fn what_is_posted_goes_nowhere_else() {
    let world = World::new().await;
    for status in [301, 302, 303, 307, 308] {
        let text =
            world.text("HTTP/1.1 STATUS X\r\nconnection: close\r\nlocation: http://127.0.0.1:PORT/\r\ncontent-length: 0\r\n\r\n");
        world.play("/post", whole(text.replace("STATUS", &status.to_string())));
        let address = Address::parse(&world.text(&format!("http://{OPEN}:PORT/post"))).unwrap();
        let mut request = Request::post_json(address, b"{}".to_vec(), PATIENCE, PATIENCE);
        request.redirects = 3;
        assert_eq!(request.method, Method::POST);
        assert_eq!(world.client().send(request).await.unwrap().status.as_u16(), status);
    }
    assert_eq!(world.trespasses(), 0);
}
