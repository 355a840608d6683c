//! Every status class and every transport failure, for reads and for writes, for each kind of server, in one table.

use std::mem::discriminant;
use std::net::TcpListener;
use std::time::Duration;

use signoff::domain::failure::{Failure, FailureKind};

use super::{Adapter, KINDS, Kind};
use crate::support::stub::{Act, Stub};

/// How a request ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// A status with an error body of the API.
    Api(u16),
    /// A status with an HTML page.
    Page(u16),
    /// A status with a header line and no body.
    Header(u16, &'static str),
    /// 200 with this body as JSON.
    Body(&'static str),
    /// 200 with this content type and body.
    Typed(&'static str, &'static str),
    /// 200 with more bytes than the limit.
    TooLarge,
    /// Nothing listens on the port.
    Refused,
    /// No such host.
    UnknownHost,
    /// The server does not speak TLS.
    NotTls,
    /// The server accepts and then stays silent during the TLS handshake.
    SilentBefore,
    /// The request is read, and the connection closed.
    ResetBefore,
    /// The connection is closed in the middle of the response.
    ResetIn,
    /// The request is read and never answered.
    SilentAfter,
}

const WORDS: &str = "the server's own words";

/// An end, its kind for a read and for a write, and the number of requests of the read: 3 if it is retried.
struct Row(End, FailureKind, FailureKind, usize);

fn table(kind: Kind) -> Vec<Row> {
    use End::*;
    use FailureKind::*;
    let limited = RateLimited { until: None };
    // GitHub answers 409 for an empty repository too; only a name already taken is a conflict there.
    let (taken, again) = match kind {
        Kind::Mlflow | Kind::Databricks => (Conflict, 3),
        Kind::Github => (Rejected, 1),
    };
    vec![
        // The server refused: certainly no effect.
        Row(Api(400), Rejected, Rejected, 1),
        Row(Api(401), Unauthenticated, Unauthenticated, 1),
        Row(Api(403), Forbidden, Forbidden, 1),
        Row(Api(404), NotFound, NotFound, 1),
        Row(Api(405), Rejected, Rejected, 1),
        Row(Api(407), Unauthenticated, Unauthenticated, 1),
        Row(Api(409), taken, taken, 1),
        Row(Api(410), Rejected, Rejected, 1),
        Row(Api(413), Rejected, Rejected, 1),
        Row(Api(422), Rejected, Rejected, 1),
        Row(Api(429), limited, limited, again),
        Row(Header(429, "Retry-After: 0\r\n"), limited, limited, 3),
        Row(Header(429, "Retry-After: 600\r\n"), limited, limited, 1),
        Row(Page(401), Unauthenticated, Unauthenticated, 1),
        Row(Page(403), Forbidden, Forbidden, 1),
        // No such endpoint: a read learns nothing, a write did nothing.
        Row(Page(404), Protocol, Rejected, 1),
        Row(Page(405), Protocol, Rejected, 1),
        // Redirects are not followed.
        Row(Header(301, "Location: http://127.0.0.1:1/x\r\n"), Config, Config, 1),
        Row(Header(302, "Location: https://login.example/?state=secret\r\n"), Config, Config, 1),
        Row(Header(307, "Location: /x\r\n"), Config, Config, 1),
        Row(Header(308, ""), Config, Config, 1),
        // The server may have applied it.
        Row(Api(408), Unavailable, Unknown, 3),
        Row(Api(500), Protocol, Unknown, 1),
        Row(Page(500), Protocol, Unknown, 1),
        Row(Api(502), Unavailable, Unknown, 3),
        Row(Page(502), Unavailable, Unknown, 3),
        Row(Api(503), Unavailable, Unknown, 3),
        Row(Header(503, "Retry-After: 600\r\n"), Unavailable, Unknown, 1),
        Row(Api(504), Unavailable, Unknown, 3),
        Row(Page(507), Protocol, Unknown, 1),
        // Success, with an invalid response.
        Row(Page(200), Protocol, Unknown, 1),
        Row(Body(""), Protocol, Unknown, 1),
        Row(Body("[1"), Protocol, Unknown, 1),
        Row(Body("7"), Protocol, Unknown, 1),
        Row(Typed("text/plain", "OK"), Protocol, Unknown, 1),
        Row(Typed("application/xml", "<ok/>"), Protocol, Unknown, 1),
        Row(TooLarge, Protocol, Unknown, 1),
        // No connection: nothing was sent.
        Row(Refused, Unavailable, Unavailable, 0),
        Row(UnknownHost, Unavailable, Unavailable, 0),
        Row(NotTls, Unavailable, Unavailable, 0),
        Row(SilentBefore, Unavailable, Unavailable, 0),
        // The connection broke, or there was no response.
        Row(ResetBefore, Unavailable, Unknown, 3),
        Row(ResetIn, Unavailable, Unknown, 3),
        Row(SilentAfter, Unavailable, Unknown, 1),
    ]
}

/// The address of a server that ends requests this way, and what must stay alive for it.
fn place(end: End) -> (String, Option<Stub>, Option<TcpListener>) {
    let json = "Content-Type: application/json\r\n";
    let act = match end {
        End::Api(status) => Act::Answer(status, json, format!(r#"{{"error_code":"X","message":"{WORDS}"}}"#)),
        End::Page(status) => Act::html(status),
        End::Header(status, header) => Act::Answer(status, header, String::new()),
        End::Body(body) => Act::json(body),
        End::Typed(kind, body) => Act::Answer(200, format!("Content-Type: {kind}\r\n").leak(), body.to_owned()),
        End::TooLarge => Act::Huge(80 * 1024 * 1024),
        End::ResetBefore => Act::Close,
        End::ResetIn => Act::Truncate,
        End::SilentAfter => Act::Silence,
        End::NotTls => {
            let stub = Stub::start(vec![Act::json("{}")]);
            return (stub.url().replace("http:", "https:"), Some(stub), None);
        }
        // .invalid never resolves (RFC 2606).
        End::UnknownHost => return ("http://signoff-test.invalid".to_owned(), None, None),
        End::Refused | End::SilentBefore => {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("https://{}", listener.local_addr().unwrap());
            return match end {
                End::Refused => (url.replace("https:", "http:"), None, None),
                _ => (url, None, Some(listener)),
            };
        }
    };
    let stub = Stub::start(vec![act]);
    (stub.url(), Some(stub), None)
}

#[tokio::test]
async fn every_end_of_a_request_means_one_thing_to_every_server() {
    for kind in KINDS {
        for Row(end, read, write, reads) in table(kind) {
            // Long enough for 64 MiB; short where it must time out.
            let short = matches!(end, End::SilentBefore | End::SilentAfter);
            let timeout = Duration::from_millis(if short { 400 } else { 20_000 });
            let what = format!("{kind:?} {end:?}");

            let (url, stub, _open) = place(end);
            let failure = Adapter::new(kind, &url, timeout).read().await.expect_err(&what);
            check(&format!("{what} read"), &failure, read, end);
            assert_eq!(stub.map_or(0, |s| s.requests().len()), reads, "{what}: requests of a read");

            let (url, stub, _open) = place(end);
            let failure = Adapter::new(kind, &url, timeout).write().await.expect_err(&what);
            check(&format!("{what} write"), &failure, write, end);
            // The rule: unknown exactly if it may have been applied.
            assert_eq!(failure.kind.may_be_applied(), failure.kind == FailureKind::Unknown, "{what}");
            assert_eq!(stub.map_or(0, |s| s.requests().len()), reads.min(1), "{what}: a write is sent once");
        }
    }
}

fn check(what: &str, failure: &Failure, wanted: FailureKind, end: End) {
    assert_eq!(discriminant(&failure.kind), discriminant(&wanted), "{what}: {failure:?}");
    assert!(!failure.reason.contains(['<', '\n']) && failure.reason.len() > 10, "{what}: {failure:?}");
    assert!(!format!("{failure:?}").contains("secret"), "{what}: {failure:?}");
    // Refusals quote the server's own reason; a proxy's text is not useful.
    if let End::Api(status) = end
        && !matches!(status, 407 | 408)
    {
        assert!(failure.reason.contains(WORDS), "{what}: {failure:?}");
    }
    let refusal = matches!(failure.kind, FailureKind::Rejected | FailureKind::NotFound | FailureKind::Conflict);
    assert!(refusal || failure.hint.is_some() || matches!(end, End::TooLarge), "{what} says no next step: {failure:?}");
}

#[tokio::test]
async fn a_time_out_says_how_long_and_names_the_setting_there_is() {
    for kind in KINDS {
        let stub = Stub::start(vec![Act::Silence]);
        let failure = Adapter::new(kind, &stub.url(), Duration::from_millis(250)).read().await.unwrap_err();
        assert!(failure.reason.contains("did not answer within 0.25 s"), "{failure:?}");
        let hint = failure.hint.unwrap();
        assert_eq!(hint.contains("MLFLOW_HTTP_REQUEST_TIMEOUT"), kind != Kind::Github, "{hint}");
    }
}

/// A chain of reads does not wait for each of them; a write is sent, and whoever tries again a moment later asks again.
#[tokio::test]
async fn a_server_that_hangs_is_waited_for_once_and_not_by_every_read() {
    for kind in KINDS {
        let stub = Stub::start(vec![Act::Silence]);
        let adapter = Adapter::new(kind, &stub.url(), Duration::from_millis(300));
        let first = adapter.read().await.unwrap_err();
        let begun = std::time::Instant::now();
        for _ in 0..20 {
            assert_eq!(adapter.read().await.unwrap_err().reason, first.reason);
        }
        assert!(begun.elapsed() < Duration::from_millis(300), "{:?}", begun.elapsed());
        assert_eq!(stub.requests().len(), 1);
        let write = adapter.write().await.unwrap_err();
        assert_eq!((write.kind, stub.requests().len()), (FailureKind::Unknown, 2), "a write is sent all the same");
    }
}
