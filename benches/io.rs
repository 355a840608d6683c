//! I/O costs: a page of models over the loopback, a journal entry to the disk.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use signoff::adapters::journal::JournalDir;
use signoff::adapters::mlflow::{Auth, Connection, Endpoint, Mlflow};
use signoff::domain::ids::PromotionId;
use signoff::domain::promotion::Event;
use signoff::domain::promotion::Step;
use signoff::ports::{JournalStore, Ledger, ModelRegistry as _};
use support::{name, now, percentiles};

/// A page of 100 models as MLflow 3.17 returns it, each with two versions of three tags.
fn page() -> String {
    let mut models = String::new();
    for i in 0..100 {
        let name = name(i);
        let version = |number: u32, stage: &str| {
            format!(
                r#"{{"name":"{name}","version":"{number}","creation_timestamp":1795448933308,"last_updated_timestamp":1795453504983,"current_stage":"{stage}","description":"Deeper trees on the October snapshot, threshold tuned for the call budget.","source":"models:/m-665cc68c494d4529807cc59c34d1eba0","run_id":"d06289d021e6474d9590a4da3c40cdf6","status":"READY","tags":[{{"key":"qa.status","value":"pending"}},{{"key":"bias.report","value":"passed"}},{{"key":"data","value":"telco-2026-10"}}],"run_link":""}}"#
            )
        };
        let comma = if i == 0 { "" } else { "," };
        let _ = write!(
            models,
            r#"{comma}{{"name":"{name}","creation_timestamp":1795448933308,"last_updated_timestamp":1795453504983,"description":"Churn within 30 days.","latest_versions":[{},{}],"tags":[{{"key":"owner","value":"retention"}}],"aliases":[{{"alias":"champion","version":"3"}}]}}"#,
            version(3, "Production"),
            version(4, "Staging"),
        );
    }
    format!(r#"{{"registered_models":[{models}],"next_page_token":"next"}}"#)
}

/// Starts a server that answers every request with `body`.
fn serve(body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let body = body.clone();
            std::thread::spawn(move || talk(stream, &body));
        }
    });
    address
}

fn talk(mut stream: TcpStream, body: &str) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut requests = BufReader::new(stream.try_clone()?);
    loop {
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if requests.read_line(&mut line)? == 0 {
                return Ok(());
            }
        }
        // Requests here have no body.
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
    }
}

/// Request, response and decoding of a page of 100 models over the loopback. Decoding is not public, so it cannot be
/// measured alone; the raw response is measured for comparison.
fn models_page(criterion: &mut Criterion) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let body = page();
    let address = serve(body.clone());
    let mlflow = Mlflow::new(&Connection::new(Endpoint::parse(&address, Auth::None).unwrap()));
    let read = || {
        let page = runtime.block_on(mlflow.models(None, None)).unwrap();
        assert_eq!(page.items.len(), 100);
    };
    percentiles(&format!("page_of_100_models_read ({} kB)", body.len() / 1000), 300, |_| read());
    let host = address.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(host).unwrap();
    let mut answer = vec![0; body.len() + 200];
    percentiles("  of that: the bytes alone", 300, |_| {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut got = 0;
        while got < body.len() {
            got += stream.read(&mut answer).unwrap();
        }
    });
    criterion.bench_function("page_of_100_models_read", |bencher| bencher.iter(read));
}

/// Appends one entry to the journal and syncs it to disk. Writes below `TMPDIR`.
fn journal(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let state = tempfile::tempdir().unwrap();
    let journals = JournalDir::new(state.path());
    let mut ledger = runtime.block_on(async {
        let file = journals.create(PromotionId::from_uuid(uuid::Uuid::now_v7())).await.unwrap();
        Ledger::new(file, 0)
    });
    // The journal does not validate entries; the saga does.
    let mut append = || {
        runtime.block_on(ledger.append(now(), Event::Started { step: Step::Mark })).unwrap();
    };
    percentiles("journal_append", 200, |_| append());
    criterion.bench_function("journal_append", |bencher| {
        bencher.iter_custom(|turns| {
            let start = Instant::now();
            for _ in 0..turns {
                append();
            }
            start.elapsed()
        });
    });
}

criterion_group!(benches, models_page, journal);
criterion_main!(benches);
