//! Roles that organizations make, who holds them, and what nobody may do with them.

mod attacks;
mod beyond;
mod brief;
mod command;
mod effective;
mod everywhere;
mod grants;
mod invitations;
mod large;
mod made;
mod others;
mod taken;
mod waiting;

use serde_json::{Value, json};
use wardgraph_testkit::{App, Person, Reply};

use crate::cast::{Cast, at, joined};

const ROLES: &str = "/api/v1/roles";
const GRANTS: &str = "/api/v1/grants";

/// Makes a role that says this.
async fn make(by: &Person, name: &str, says: Value) -> Reply {
    let mut role = says;
    role["name"] = json!(name);
    by.caller.post(ROLES, &role).await
}

/// Has a role say this from now on.
async fn edit(by: &Person, name: &str, says: Value) -> Reply {
    by.caller.put(&format!("{ROLES}/{name}"), &says).await
}

/// Has a member hold a role.
async fn grant(by: &Person, to: &Person, role: &str) -> Reply {
    by.caller.post(GRANTS, &json!({ "user_id": to.id, "role": role })).await
}

/// Takes back what was granted.
async fn revoke(by: &Person, grant: &Value) -> Reply {
    by.caller.delete(&format!("{GRANTS}/{}", grant["id"].as_str().unwrap())).await
}

/// What a refusal says is wrong, by place.
fn places(problem: &Value) -> Vec<String> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
}

/// The roles and grants of every organization, as the superuser sees them.
async fn kept(app: &App) -> Vec<String> {
    let sql = "select t::text from wardgraph.roles t union all select t::text from wardgraph.grants t order by 1";
    app.database.behind_the_scenes().await.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}
