#![allow(clippy::unwrap_used)]
use super::*;
use crate::domain::event::{Data, VersionData, samples};

fn email() -> Email {
    let settings = EmailSettings {
        host: "mail.example".to_owned(),
        port: 587,
        tls: MailTls::StartTls,
        ca_file: None,
        login: None,
        from: "signoff <signoff@example.com>".to_owned(),
        to: vec!["qa@example.com".to_owned(), "lee@example.com".to_owned()],
        timeout: Duration::from_secs(30),
    };
    Email::new("mail", settings, Templates::default()).unwrap()
}

fn mail(event: &Event) -> (String, String) {
    let bytes = email().message(event).unwrap().formatted();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.replace("\r\n ", " "), body.to_owned())
}

#[test]
fn a_mail_is_the_same_at_every_attempt_and_later_ones_belong_to_the_first() {
    let arrived = samples::arrived("telco-churn", 42);
    let id = |event: &Event| format!("<{}.mail@example.com>", event.id);
    let head = mail(&arrived).0;
    assert!(head.contains(&format!("Message-ID: {}", id(&arrived))), "{head}");
    assert!(head.contains("Auto-Submitted: auto-generated") && !head.contains("In-Reply-To"), "{head}");
    assert!(head.contains("Subject: [prod] telco-churn v42 waits for review"), "{head}");
    assert!(head.contains("Date: Sun, 29 Nov 2026 09:14:02 +0000"), "{head}");
    let data = VersionData { arrival: Some(arrived.id.clone()), ..samples::version("telco-churn", 42) };
    let later = samples::event(crate::domain::event::EventKind::Rejected, Data::Version(Box::new(data)));
    let head = mail(&later).0;
    for header in ["In-Reply-To", "References"] {
        assert!(head.contains(&format!("{header}: {}", id(&arrived))), "{head}");
    }
}

#[test]
fn a_subject_is_one_line_of_headers_whatever_the_model_is_called() {
    for name in ["x\r\nBcc: all@example.com", "\u{1b}]0;x\u{7}", "客户 🚀 流失", &"long".repeat(200)] {
        let (head, body) = mail(&samples::arrived(name, 7));
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        assert!(head.bytes().all(|b| b == b'\r' || b == b'\n' || (0x20..0x7f).contains(&b)), "{head:?}");
        assert_eq!(head.matches("Subject:").count(), 1);
        assert!(body.contains("text/plain") && body.contains("text/html"));
    }
}

#[test]
fn a_bundle_is_read_certificate_by_certificate() {
    let one = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----";
    let pem = format!("# comment\n{one}\nbetween\n{one}\n");
    assert_eq!(certificates(pem.as_bytes()), [format!("{one}\n"), format!("{one}\n")]);
    assert!(certificates(b"-----BEGIN CERTIFICATE-----\ncut").is_empty());
}
