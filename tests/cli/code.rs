//! The code behind a version in `signoff show`: each part is found or not, independently of the others.

use super::*;

/// The section CODE.
fn section(out: &str) -> &str {
    let start = out.find("\nCODE\n").unwrap_or_else(|| panic!("no CODE in {out}"));
    let rest = &out[start + 1..];
    rest.find("\n\n").map_or(rest, |end| &rest[..end])
}

#[tokio::test]
async fn what_a_reviewer_should_stumble_over_is_marked() {
    let desk = Desk::new();
    let mut told = String::new();
    for version in ["card-fraud/9", "credit-limit/6", "churn-uplift/1", "churn-uplift/2", "telco-churn/41"] {
        let ran = desk.run(&format!("show {version}")).await;
        assert_eq!((ran.exit, ran.err.as_str()), (Exit::Done, ""), "{version}");
        told.push_str(&format!("{version}\n{}\n\n", section(&ran.out).trim_end()));
    }
    insta::assert_snapshot!("code", told);
}

#[tokio::test]
async fn a_version_without_a_commit_still_names_the_workflow_that_trained_it() {
    let desk = Desk::with(|rules| rules.repository.fixed = Some("acme/churn-models".parse().unwrap()));
    let ran = desk.run("show pricing-elasticity/17").await;
    let code = section(&ran.out);
    // The verdict says why.
    let why = "could not find the code of pricing-elasticity v17: the training run recorded no commit";
    assert_eq!(ran.out.matches(why).count(), 1, "{}", ran.out);
    assert!(code.contains("commit      ? not read, for the reason given above"), "{code}");
    assert!(
        code.contains("train.yml run #") && code.contains(": success, in acme/churn-models, claimed by tag ci.run_url"),
        "{code}"
    );

    let json = desk.run("show pricing-elasticity/17 --json").await.json();
    let code = &json["code"];
    for part in ["commit", "pull_request", "checks", "changes"] {
        assert!(code[part].is_null(), "{part}");
        assert!(code[format!("{part}_missing")].as_str().unwrap().contains("recorded no commit"), "{part}");
    }
    assert!(code["training"]["id"].is_u64() && code["training_missing"].is_null(), "{code}");
}

#[tokio::test]
async fn the_head_of_a_branch_is_shown_as_such_where_the_rules_allow_it() {
    let desk = Desk::with(|rules| {
        rules.repository.fixed = Some("acme/churn-models".parse().unwrap());
        rules.commit_from_branch = Some("main".into());
    });
    let ran = desk.run("show pricing-elasticity/17").await;
    assert!(section(&ran.out).contains("d7228be Raise the base image, by lee (head of main: "), "{}", ran.out);
    let json = desk.run("show pricing-elasticity/17 --json").await.json();
    assert_eq!(json["code"]["commit"]["head_of"], "main");
}

#[tokio::test]
async fn a_repository_that_cannot_be_seen_fails_its_section_and_nothing_else() {
    let desk = Desk::with(|rules| rules.repository.fixed = Some("acme/secret".parse().unwrap()));
    let ran = desk.run("show telco-churn/42").await;
    assert_eq!(ran.exit, Exit::Done);
    assert!(ran.out.contains("METRICS") && ran.out.contains("auc"));
    assert_eq!(ran.out.matches("could not read commit").count(), 1, "{}", ran.out);
    assert!(section(&ran.out).contains("? not read, for the reason given above"), "{}", ran.out);
}
