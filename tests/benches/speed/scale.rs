//! What a login costs when there is much of something: tenants and users, pending logins, keys, replicas.

use anyhow::Result;

use crate::app::{Person, Stage};
use crate::logins::{EACH, cost, everybody};
use crate::product::{self, Tenant, email};
use crate::table::{Bar, Chart, Report, Row, median};

const ROUNDS: usize = 8;
const TENANTS: usize = 10_000;
const USERS_EACH: usize = 10;
/// Tenants whose people come while it is measured; what is cached of them is warm.
const ACTIVE: usize = 100;
const PENDING: usize = 5_000;
/// Tenants that have them: no more are begun for one at once than the product lets through.
const WAITING: usize = 10;

pub(crate) async fn measure() -> Result<Report> {
    let stage = Stage::open()?;
    let origin = stage.origin();
    let keys = ["keys-2", "keys-64"].map(|name| Tenant::new(name, USERS_EACH));
    let few = product::start(
        &stage.folder,
        &origin,
        "few",
        &[Tenant::new("acme", USERS_EACH)],
    )?;
    let many: Vec<_> = (0..TENANTS)
        .map(|number| Tenant::new(format!("tenant{number}"), USERS_EACH))
        .collect();
    let many = product::start(&stage.folder, &origin, "many", &many)?;
    let keys = product::start(&stage.folder, &origin, "keys", &keys)?;
    let pair = product::start(
        &stage.folder,
        &origin,
        "pair",
        &[Tenant::new("acme", USERS_EACH)],
    )?;
    let other = product::replica(&stage.folder, "pair", &[])?;
    let waiting = (0..WAITING).map(|number| Tenant::new(format!("waiting{number}"), USERS_EACH));
    let waiting: Vec<_> = waiting.collect();
    let waiting = product::start(&stage.folder, &origin, "waiting", &waiting)?;

    let among_many = |round: usize| {
        let person = |number: usize| {
            let tenant = format!("tenant{}", number % ACTIVE * (TENANTS / ACTIVE));
            Person {
                server: many.address,
                back: many.address,
                email: email(&tenant, (round + number / ACTIVE) % USERS_EACH),
                tenant,
            }
        };
        (0..EACH).map(person).collect::<Vec<_>>()
    };
    // Started at one, finished at the other.
    let by_turns = || {
        let mut people = everybody(&pair, "acme", EACH);
        for (number, person) in people.iter_mut().enumerate() {
            if number % 2 == 0 {
                person.server = other.address;
            } else {
                person.back = other.address;
            }
        }
        people
    };

    let mut figures = [const { Vec::new() }; 5];
    for round in 0..=ROUNDS {
        let took = [
            cost(&stage, &[&few], everybody(&few, "acme", EACH)).await?,
            cost(&stage, &[&many], among_many(round)).await?,
            cost(&stage, &[&keys], everybody(&keys, "keys-2", EACH)).await?,
            cost(&stage, &[&keys], everybody(&keys, "keys-64", EACH)).await?,
            cost(&stage, &[&pair, &other], by_turns()).await?,
        ];
        for (figures, took) in figures.iter_mut().zip(took) {
            if round > 0 {
                figures.push(took);
            }
        }
    }
    let of_all = |count: usize| {
        let of_one = |number| everybody(&waiting, &format!("waiting{number}"), count / WAITING);
        (0..WAITING).flat_map(of_one).collect::<Vec<_>>()
    };
    for person in of_all(PENDING) {
        stage.browser.start(&person).await?;
    }
    let mut with_pending = Vec::new();
    for _ in 0..ROUNDS {
        with_pending.push(cost(&stage, &[&waiting], of_all(EACH)).await?);
    }
    let [few, many, two_keys, many_keys, two_replicas] = figures.map(median);
    let pending = median(with_pending);
    Ok(Report {
        rows: vec![Row::new(
            "login with 10,000 tenants and 100,000 users ÷ with 1 and 10",
            many / few,
            "",
            1.2,
        )],
        charts: vec![Chart {
            title: "A whole login as things grow, processor time of the server",
            unit: "ms",
            bars: vec![
                Bar::ours("1 tenant, 10 users", few),
                Bar::ours("10,000 tenants, 100,000 users", many),
                Bar::ours("10 tenants, 5,000 logins pending", pending),
                Bar::ours("2 keys published", two_keys),
                Bar::ours("64 keys published", many_keys),
                Bar::ours("two replicas, each login at both", two_replicas),
            ],
        }],
    })
}
