//! The server: connections that can be cut, request recording, and the fault script around [`State::answer`].

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::extract::connect_info::Connected;
use axum::http::{Response, header};
use axum::serve::{IncomingStream, Listener};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::State;
use super::faults::{self, Fault, Rule};
use super::request::{Answer, Port, Request};

/// State shared by handlers and tests.
#[derive(Debug)]
pub(super) struct Shared<S> {
    pub state: Mutex<S>,
    pub faults: Mutex<Vec<Rule>>,
    pub requests: Mutex<Vec<Recorded>>,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// JSON body; null if there was none.
    pub body: Value,
    /// The `Authorization` header, as sent.
    pub authorization: Option<String>,
    /// The token's owner, if any.
    pub user: Option<String>,
    /// Number of `User-Agent` headers.
    pub user_agents: usize,
    /// Where it arrived.
    pub port: Port,
    pub headers: axum::http::HeaderMap,
}

/// Serves until stopped, on its own thread.
pub(super) fn run<S: State>(
    listeners: [std::net::TcpListener; 2],
    shared: Arc<Shared<S>>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let [api, storage] = listeners.map(|l| CuttableListener(TcpListener::from_std(l).unwrap()));
        tokio::select! {
            () = listen(api, Port::Api, Arc::clone(&shared)) => {}
            () = listen(storage, Port::Storage, shared) => {}
            _ = stopped => {}
        }
    });
    runtime.shutdown_background();
}

async fn listen<S: State>(listener: CuttableListener, port: Port, shared: Arc<Shared<S>>) {
    let app =
        axum::Router::new().fallback(move |ConnectInfo(wire): ConnectInfo<Wire>, request: axum::extract::Request| {
            let shared = Arc::clone(&shared);
            async move { Ok::<_, Infallible>(serve(shared, port, wire, request).await) }
        });
    let _ = axum::serve(listener, app.into_make_service_with_connect_info::<Wire>()).await;
}

enum Sent {
    Whole(Answer),
    Html(u16),
    Half(Answer),
    Truncated(Answer),
    Nothing,
}

async fn serve<S: State>(
    shared: Arc<Shared<S>>,
    port: Port,
    wire: Wire,
    request: axum::extract::Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let request = Request::new(parts.method.as_str(), &parts.uri, parts.headers, bytes.to_vec(), port, S::route);
    shared.requests.lock().unwrap().push(Recorded {
        method: request.method.clone(),
        target: parts.uri.to_string(),
        body: request.body.clone(),
        authorization: request.header("authorization").map(str::to_owned),
        user: shared.state.lock().unwrap().owner(request.token()),
        user_agents: request.headers.get_all(header::USER_AGENT).iter().count(),
        port,
        headers: request.headers.clone(),
    });
    let fault = faults::take(&mut shared.faults.lock().unwrap(), &request.method, &request.path);
    // In its own task: a client that disconnects does not cancel its request.
    let sent = tokio::spawn(async move { apply(&shared, &request, fault).await }).await.unwrap();
    match sent {
        Sent::Whole(answer) => whole(answer),
        Sent::Html(status) => Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
            .body(Body::from("<!DOCTYPE html><title>Unicorn!</title><p>We had issues producing the response."))
            .unwrap(),
        Sent::Half(answer) => {
            let bytes = answer.bytes();
            answer.head().body(Body::from(bytes[..bytes.len() / 2].to_vec())).unwrap()
        }
        Sent::Truncated(answer) => {
            let bytes = answer.bytes();
            let half = bytes[..bytes.len() / 2].to_vec();
            let parts = [Ok(half), Err(io::Error::other("cut by the fault script"))];
            let stream = futures_util::stream::iter(parts);
            answer.head().header(header::CONTENT_LENGTH, bytes.len()).body(Body::from_stream(stream)).unwrap()
        }
        Sent::Nothing => {
            wire.0.store(true, Ordering::SeqCst);
            Response::new(Body::empty())
        }
    }
}

async fn apply<S: State>(shared: &Shared<S>, request: &Request, fault: Option<Fault>) -> Sent {
    let apply = || shared.state.lock().unwrap().answer(request);
    match fault {
        None => Sent::Whole(apply()),
        Some(Fault::Delay(gate)) => {
            gate.hold().await;
            Sent::Whole(apply())
        }
        Some(Fault::DelayReply(gate)) => {
            let answer = apply();
            gate.hold().await;
            Sent::Whole(answer)
        }
        Some(Fault::Status(status, body)) => Sent::Whole(Answer::new(status, body)),
        Some(Fault::StatusAfterApply(status, body)) => {
            apply();
            Sent::Whole(Answer::new(status, body))
        }
        Some(Fault::RateLimited { reset_at, retry_after }) => Sent::Whole(S::limited(reset_at, retry_after)),
        Some(Fault::Unauthorized) => Sent::Whole(S::unauthorized()),
        Some(Fault::DropBefore) => Sent::Nothing,
        Some(Fault::DropAfterApply) => {
            apply();
            Sent::Nothing
        }
        Some(Fault::TruncateBody) => Sent::Truncated(apply()),
        Some(Fault::HalfBody) => Sent::Half(apply()),
        Some(Fault::Html(status)) => Sent::Html(status),
        Some(Fault::Redirect(to)) => Sent::Whole(S::moved(&to)),
        Some(Fault::Answer(body)) => Sent::Whole(Answer::new(200, body)),
    }
}

fn whole(answer: Answer) -> Response<Body> {
    let bytes = answer.bytes();
    answer.head().body(Body::from(bytes)).unwrap()
}

/// Set to cut the connection: nothing more is written to it.
#[derive(Clone, Debug, Default)]
struct Wire(Arc<AtomicBool>);

impl Connected<IncomingStream<'_, CuttableListener>> for Wire {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.io().wire.clone()
    }
}

struct CuttableListener(TcpListener);

impl Listener for CuttableListener {
    type Io = Cuttable;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Cuttable, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        (Cuttable { stream, wire: Wire::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

struct Cuttable {
    stream: TcpStream,
    wire: Wire,
}

impl AsyncRead for Cuttable {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.wire.0.load(Ordering::SeqCst) {
            return Poll::Ready(Err(io::Error::from(io::ErrorKind::ConnectionReset)));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
