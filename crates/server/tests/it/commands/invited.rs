//! `wardgraph org invite`, `invitations` and `withdraw`.

use serde_json::json;

use super::Beside;
use crate::front::outside::to_now;

#[tokio::test]
async fn somebody_is_invited_in_a_members_name_and_it_is_withdrawn() {
    let beside = Beside::begin().await;
    let (org, app, ada) = (beside.org(), &beside.app, &beside.ada);
    let analyst = beside.joined("ana@example.com", "analyst").await;
    let admin = beside.joined("admin@example.com", "admin").await;
    let elsewhere = app.person("elsewhere@example.com").await;
    let invite = |email: &str, role: &str, by: &str| {
        beside.json(&["org", "invite", org, "--email", email, "--role", role, "--by", by, "--expires-in", "3600"])
    };
    let first = invite("new@example.com", "developer", &ada.id);
    assert_eq!((&first["status"], &first["invited_by"]), (&json!("open"), &json!(ada.id)));
    let second = invite("new@example.com", "analyst", &admin.id);
    let made = beside.events(org, "invitation.made").await;
    assert_eq!((made.len(), &made[0]["subject"], &made[0]["by"]), (2, &second["id"], &json!("org invite")));
    assert_eq!((&made[0]["payload"]["before"], &made[0]["payload"]["after"]["role"]), (&json!(null), &json!("analyst")));
    let ended = &beside.events(org, "invitation.withdrawn").await[0];
    assert_eq!((&ended["subject"], &ended["payload"]["before"]["role"]), (&first["id"], &json!("developer")));
    // The server mails it, and it is followed as any other.
    to_now(app);
    app.mail_everything().await;
    assert!(app.mails.to("new@example.com").iter().any(|message| message.text.contains("/invitation?token=")));
    let id: uuid::Uuid = second["id"].as_str().unwrap().parse().unwrap();
    let accepted = json!({ "token": app.invitation_token(id.into()), "name": "New", "password": "seldom-copper-violin-harbour" });
    app.stranger().post("/api/v1/auth/accept-invitation", &accepted).await.created();
    let third = invite("third@example.com", "analyst", &ada.id);
    let third = third["id"].as_str().unwrap();
    beside.told(&["org", "withdraw", org, third]);
    let listed = beside.json(&["org", "invitations", org]);
    let status: Vec<_> = listed["invitations"].as_array().unwrap().iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(status, ["withdrawn", "used", "withdrawn"]);
    assert!(beside.told(&["org", "invitations", org]).starts_with("INVITATION"));
    let asked = |role: &'static str, by: &str| {
        ["org", "invite", org, "--email", "x@example.com", "--role", role, "--by", by].map(str::to_owned)
    };
    for (role, by, why) in [
        ("owner", &*admin.id, "`organizations:delete` is not yours to give"),
        ("analyst", &*analyst.id, "no role that allows `members:write`"),
        ("analyst", &*elsewhere.id, "no member"),
        ("king", &*ada.id, "is no role of the organization"),
    ] {
        let told = beside.refused(&asked(role, by).each_ref().map(String::as_str));
        assert!(told.contains(why), "{role}: {told}");
    }
    // In a member's name nothing is replaced that the member could not give.
    invite("fourth@example.com", "owner", &ada.id);
    let replacing = ["org", "invite", org, "--email", "fourth@example.com", "--role", "analyst", "--by", &admin.id];
    assert!(beside.refused(&replacing).contains("`organizations:delete` is not yours to give"));
    let listed = beside.json(&["org", "invitations", org]);
    assert_eq!((&listed["invitations"][0]["role"], &listed["invitations"][0]["status"]), (&json!("owner"), &json!("open")));
    beside.all_refused(&[
        (&["org", "withdraw", org, third], "no such invitation"),
        (&["org", "withdraw", &elsewhere.caller.tenant, second["id"].as_str().unwrap()], "no such invitation"),
        (&["org", "invitations", "org_nobodys"], "no such organization"),
        (&["org", "invite", org, "--email", "x@example.com", "--role", "analyst"], "--by"),
    ]);
}
