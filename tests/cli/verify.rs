//! `signoff verify`: what was signed off passes, and whatever is changed afterwards is found, in a line of its own.

use signoff::adapters::demo::world::Repo;
use signoff::domain::policy::file;
use signoff::domain::rules::PolicyRule;

use super::*;

const TAG: &str = "telco-churn-v42";

/// A desk on which telco-churn v42 was just released.
async fn released(desk: Desk) -> Desk {
    let ran = desk.run("approve telco-churn/42 --confirm v42 --reason fine").await;
    assert_eq!(ran.exit, Exit::Done, "{} {}", ran.out, ran.err);
    desk
}

fn edit(desk: &Desk, change: impl FnOnce(&mut World)) {
    desk.store
        .change(|world| {
            change(world);
            Ok::<(), ()>(())
        })
        .unwrap()
        .unwrap();
}

fn edit_repo(desk: &Desk, change: impl FnOnce(&mut Repo)) {
    edit(desk, |world| change(&mut world.repo));
}

/// The names of the checks that do not hold.
async fn against(desk: &Desk) -> Vec<String> {
    let ran = desk.run(&format!("verify {TAG} --json")).await;
    let json = ran.json();
    let refused = |c: &&serde_json::Value| c["state"] == "fail" || c["state"] == "unreadable";
    let names: Vec<String> =
        json["checks"].as_array().unwrap().iter().filter(refused).map(|c| c["check"].as_str().unwrap().into()).collect();
    assert_eq!(json["holds"], names.is_empty());
    assert_eq!(ran.exit == Exit::Done, names.is_empty(), "{}", ran.out);
    names
}

#[tokio::test]
async fn what_was_signed_off_passes() {
    let desk = released(Desk::new()).await;
    let ran = desk.run(&format!("verify {TAG}")).await;
    println!("{}", ran.out);
    assert_eq!((ran.exit, ran.err.as_str()), (Exit::Done, ""), "{}", ran.out);
    assert_eq!(against(&desk).await, Vec::<String>::new());
}
