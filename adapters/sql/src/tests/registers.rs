//! The conformance suite over every reference database, filled from the country that `mohur registry seed` writes down: the
//! schemas are what its tables are for.

use mohur_contract::conformance::Fault;
use mohur_reference::country;

use super::proxy::Proxy;
use super::*;

const PEOPLE: u32 = 600;

/// A cluster with these registers in it, each a database with the rows of one country.
struct Registers {
    cluster: Cluster,
    proxy: Proxy,
}

impl Registers {
    async fn with(names: &[&str]) -> Self {
        let cluster = Cluster::start();
        let folder = tempfile::tempdir().unwrap();
        country::seed(folder.path(), 2007, PEOPLE, &mut |_| {}).unwrap();
        for name in names {
            cluster.create(name, &Database::named(name).unwrap().schema());
            for table in cluster
                .sql(
                    name,
                    "select relname from pg_class c where relkind = 'r' and relnamespace = 'register'::regnamespace",
                )
                .lines()
            {
                let file = folder.path().join(format!("{table}.csv"));
                cluster
                    .sql(name, &format!("\\copy register.{table} from '{}' with (format csv, header)", file.display()));
            }
        }
        let proxy = Proxy::start(&cluster).await;
        Self { cluster, proxy }
    }

    /// One row, as its columns.
    fn row(&self, name: &str, sql: &str) -> Vec<String> {
        let row = self.cluster.sql(name, &format!("{sql} limit 1"));
        assert!(!row.is_empty(), "{name}: no such row: {sql}");
        row.split('|').map(str::to_owned).collect()
    }

    async fn conforms(&self, name: &str, cases: Cases) {
        let database = Database::named(name).unwrap();
        let adapter = Sql::open(mapping(database.mapping), &Settings::new(self.proxy.url(ROLE, name))).await;
        let ledger: std::sync::Arc<dyn mohur_contract::Ledger> =
            std::sync::Arc::new(mohur_contract::ledger::VolatileLedger::default());
        let adapter = adapter.unwrap_or_else(|error| panic!("{name}: {error}")).with_ledger(&ledger);
        let broken = conformance::check(&adapter, &cases, &|fault: Fault| self.proxy.set(fault)).await;
        assert!(broken.is_empty(), "{name}: {broken:#?}");
    }
}

fn on_paper(state: &str, kind: &str, number: &str) -> Json {
    json!({ "document": { "issuingState": state, "type": kind, "number": number } })
}

fn compare(values: &Json) -> Json {
    json!({ "verb": "match", "values": values })
}

fn text(value: &str) -> Value {
    Value::text(value)
}

/// The same cases, and a change that is free.
fn changing(cases: Cases, service: &str, subject: &Json, values: &Json) -> Cases {
    let effect = json!({ "operation": "reserve", "values": values, "key": "k" });
    Cases { reserve: Some(query(service, subject, &json!({ "verb": "change", "effect": effect }))), ..cases }
}

/// Every field asked for is as expected, all of them the same.
fn all(query: Query, verdict: Verdict) -> (Query, BTreeMap<FieldName, Verdict>) {
    let names: Vec<FieldName> = query.fields().into_iter().cloned().collect();
    (query, names.into_iter().map(|name| (name, verdict)).collect())
}

fn cases(
    present: Option<(Query, BTreeMap<FieldName, Value>)>,
    absent: Option<Query>,
    verdicts: Vec<(Query, BTreeMap<FieldName, Verdict>)>,
    refused: Vec<Query>,
) -> Cases {
    Cases { present, absent, verdicts, refused, reserve: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_conform() {
    let registers = Registers::with(&["documents", "invalid-documents", "blanks", "visas"]).await;
    let status = |subject: &Json, ask: &Json| query("AZ/GOV/MIA/documents/status/v1", subject, ask);
    let held = |fin: &str, ask: &Json| query("AZ/GOV/MIA/documents/held/v1", &json!({ "fin": fin }), ask);
    let row = registers.row("documents", "select number, fin, family_name, given_name, expires_on from register.documents where kind = 'passport' and status = 'valid' order by 1");
    let [number, fin, family, given, expires] = row.as_slice() else { panic!("{row:?}") };
    let other = registers.row("documents", &format!("select fin from register.documents where fin <> '{fin}'"));
    let (pin, card) =
        match registers.row("documents", "select pin, number from register.documents where pin is not null").as_slice()
        {
            [pin, card] => (pin.clone(), card.clone()),
            row => panic!("{row:?}"),
        };
    let passport = on_paper("AZE", "P", number);
    let foreigner = query(
        "AZ/GOV/SMS/documents/held-by-foreigner/v1",
        &json!({ "pin": pin }),
        &compare(&json!({ "document": card })),
    );
    let holder = compare(
        &json!({ "holder": fin, "holderName": format!("{} {given}", family.to_uppercase()), "status": "valid" }),
    );
    registers
        .conforms(
            "documents",
            changing(
                cases(
                    Some((
                        status(&passport, &read(&["status", "expires", "holder"])),
                        fields(&[("status", text("valid")), ("expires", text(expires)), ("holder", text(fin))]),
                    )),
                    Some(status(&on_paper("AZE", "P", "C00000000"), &read(&["status"]))),
                    vec![
                        all(status(&passport, &holder), Verdict::Match),
                        all(held(fin, &compare(&json!({ "document": number, "status": "valid" }))), Verdict::Match),
                        all(
                            held(&other[0], &compare(&json!({ "document": number, "status": "valid" }))),
                            Verdict::Mismatch,
                        ),
                        all(foreigner, Verdict::Match),
                    ],
                    vec![
                        held(fin, &read(&["document"])),
                        status(&json!({ "fin": fin }), &read(&["status"])),
                        status(&passport, &compare(&json!({ "expires": "soon" }))),
                        status(
                            &passport,
                            &json!({ "verb": "verify", "predicates": { "status": { "oneOf": ["valid"] } } }),
                        ),
                        query("AZ/GOV/MIA/documents/suspend/v1", &passport, &read(&["state"])),
                    ],
                ),
                "AZ/GOV/MIA/documents/suspend/v1",
                &passport,
                &json!({ "newStatus": "suspended" }),
            ),
        )
        .await;
    let check = |subject: &Json, listed: bool| {
        query("AZ/GOV/MOJ/invalid-documents/check/v1", subject, &compare(&json!({ "listed": listed })))
    };
    let row = registers.row(
        "invalid-documents",
        "select issuing_state, type, number from register.invalid_documents where reported_on < '2026-01-01'",
    );
    let listed = on_paper(&row[0], &row[1], &row[2]);
    registers
        .conforms(
            "invalid-documents",
            changing(
                cases(
                    None,
                    None,
                    vec![
                        all(check(&listed, true), Verdict::Match),
                        all(check(&on_paper("AZE", "P", "C00000000"), false), Verdict::Match),
                        all(check(&listed, false), Verdict::Mismatch),
                    ],
                    vec![
                        check(&json!({ "serial": "1" }), true),
                        query("AZ/GOV/MOJ/invalid-documents/check/v1", &listed, &read(&["listed"])),
                    ],
                ),
                "AZ/GOV/MOJ/invalid-documents/publish/v1",
                &on_paper("AZE", "P", "C00000000"),
                &json!({ "reason": "stolen" }),
            ),
        )
        .await;
    let blank = |serial: &str, ask: &Json| query("AZ/GOV/MIA/blanks/blank/v1", &json!({ "serial": serial }), ask);
    let row =
        registers.row("blanks", "select serial, status, kind, moved_on from register.blanks where status = 'lost'");
    registers
        .conforms(
            "blanks",
            cases(
                Some((
                    blank(&row[0], &read(&["status", "movedOn"])),
                    fields(&[("status", text("lost")), ("movedOn", text(&row[3]))]),
                )),
                Some(blank("X-0", &read(&["status"]))),
                vec![all(blank(&row[0], &compare(&json!({ "status": "lost", "kind": row[2] }))), Verdict::Match)],
                vec![blank(&row[0], &compare(&json!({ "movedOn": true })))],
            ),
        )
        .await;
    let visa = |subject: &Json, ask: &Json| query("AZ/GOV/MFA/visas/visa/v1", subject, ask);
    let by_passport = |subject: &Json, ask: &Json| query("AZ/GOV/MFA/visas/by-passport/v1", subject, ask);
    let row = registers.row(
        "visas",
        "select visa_no, passport_state, passport_no, entries from register.visas where valid_until < '2026-05-01'",
    );
    registers
        .conforms(
            "visas",
            cases(
                Some((
                    visa(&json!({ "serial": row[0] }), &read(&["valid", "passport", "entries"])),
                    fields(&[
                        ("valid", Value::Flag(false)),
                        ("passport", text(&row[2])),
                        ("entries", Value::Number(row[3].parse().unwrap())),
                    ]),
                )),
                Some(visa(&json!({ "serial": "V-0" }), &read(&["valid"]))),
                vec![
                    all(
                        by_passport(&on_paper(&row[1], "P", &row[2]), &compare(&json!({ "valid": true }))),
                        Verdict::Mismatch,
                    ),
                    all(
                        by_passport(&on_paper("D", "P", "UNKNOWN1"), &compare(&json!({ "valid": false }))),
                        Verdict::Match,
                    ),
                ],
                vec![
                    visa(&json!({ "plate": "10AA001" }), &read(&["valid"])),
                    by_passport(&on_paper("D", "P", "A1"), &compare(&json!({ "valid": "yes" }))),
                ],
            ),
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_conform() {
    let registers = Registers::with(&["residence", "migration", "military-duty", "clearances"]).await;
    let registered = |fin: &str, ask: &Json| query("AZ/GOV/MIA/residence/registration/v1", &json!({ "fin": fin }), ask);
    let row = registers.row("residence", "select fin, concat_ws(', ', city, street, building, nullif(flat, '')) from register.residence r where kind = 'permanent' and until is null and since < '2026-01-01' and fin is not null and 1 = (select count(*) from register.residence o where o.fin = r.fin)");
    let moved = registers.row("residence", "select pin, concat_ws(', ', city, street, building, nullif(flat, '')) from register.residence where pin is not null and until > '2026-05-29' and since < '2026-05-29'");
    let by_pin = query(
        "AZ/GOV/MIA/residence/registration-by-pin/v1",
        &json!({ "pin": moved[0] }),
        &compare(&json!({ "temporaryAddress": moved[1], "registered": true })),
    );
    registers
        .conforms(
            "residence",
            cases(
                None,
                Some(registered("ZZZZZZ9", &compare(&json!({ "address": row[1] })))),
                vec![
                    all(registered(&row[0], &compare(&json!({ "address": row[1].to_uppercase() }))), Verdict::Match),
                    all(
                        registered(
                            &row[0],
                            &compare(&json!({ "address": "Bakı, Heç bir küçə, 1", "temporaryAddress": row[1] })),
                        ),
                        Verdict::Mismatch,
                    ),
                    all(by_pin, Verdict::Match),
                ],
                vec![registered(&row[0], &read(&["address"]))],
            ),
        )
        .await;
    let status = |pin: &str, ask: &Json| query("AZ/GOV/SMS/migration/status/v1", &json!({ "pin": pin }), ask);
    let row = registers.row("migration", "select pin, status, until, nationality, passport_no from register.migration where passport_no is not null and until > '2026-05-29' and since < '2026-05-29'");
    let passport = query(
        "AZ/GOV/SMS/migration/by-passport/v1",
        &on_paper(&row[3], "P", &row[4]),
        &compare(&json!({ "lawful": true, "status": row[1] })),
    );
    registers
        .conforms(
            "migration",
            cases(
                Some((
                    status(&row[0], &read(&["status", "lawful", "until"])),
                    fields(&[("status", text(&row[1])), ("lawful", Value::Flag(true)), ("until", text(&row[2]))]),
                )),
                Some(status("ZZZZZ", &read(&["status"]))),
                vec![all(passport, Verdict::Match)],
                vec![status(&row[0], &compare(&json!({ "lawful": 1 })))],
            ),
        )
        .await;
    let duty = |fin: &str, ask: &Json| query("AZ/GOV/MOD/military-duty/status/v1", &json!({ "fin": fin }), ask);
    let row = registers.row("military-duty", "select fin, status from register.military_duty");
    registers
        .conforms(
            "military-duty",
            cases(
                Some((duty(&row[0], &read(&["status"])), fields(&[("status", text(&row[1]))]))),
                Some(duty("ZZZZZZ9", &read(&["status"]))),
                vec![all(duty(&row[0], &compare(&json!({ "status": "none" }))), Verdict::Mismatch)],
                vec![duty(&row[0], &compare(&json!({ "status": false })))],
            ),
        )
        .await;
    let badge = |serial: &str, ask: &Json| query("AZ/GOV/SSPS/clearances/badge/v1", &json!({ "serial": serial }), ask);
    let row = registers.row(
        "clearances",
        "select badge, fin, object, level from register.clearances where valid_until > '2026-05-29'",
    );
    registers
        .conforms(
            "clearances",
            cases(
                None,
                Some(badge("BG-0", &compare(&json!({ "cleared": true })))),
                vec![
                    all(
                        badge(
                            &row[0],
                            &compare(&json!({ "cleared": true, "object": row[2], "holder": row[1], "level": row[3] })),
                        ),
                        Verdict::Match,
                    ),
                    all(badge(&row[0], &compare(&json!({ "cleared": false, "holder": "ZZZZZZ9" }))), Verdict::Mismatch),
                ],
                vec![badge(&row[0], &read(&["level"])), badge(&row[0], &compare(&json!({ "cleared": "yes" })))],
            ),
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn movements_conform() {
    let registers = Registers::with(&["watch-list", "crossings", "vehicles", "cargo-seals"]).await;
    let watch =
        |service: &str, subject: &Json, ask: &Json| query(&format!("AZ/GOV/MIA/watch-list/{service}/v1"), subject, ask);
    let row = registers.row("watch-list", "select fin, family_name, given_name, birth_date, document_state, document_no from register.watch_list where kind = 'person' and document_no is not null and until is null");
    let vehicle =
        registers.row("watch-list", "select plate, vin, action from register.watch_list where kind = 'vehicle'");
    let name = json!({ "name-and-birth-date": { "name": format!("{} {}", row[1].to_lowercase(), row[2]), "birthDate": row[3] } });
    let hit = compare(&json!({ "hit": true, "action": "detain" }));
    registers
        .conforms(
            "watch-list",
            cases(
                Some((
                    watch("person", &json!({ "fin": row[0] }), &read(&["hit", "action"])),
                    fields(&[("hit", Value::Flag(true)), ("action", text("detain"))]),
                )),
                None,
                vec![
                    all(watch("name", &name, &hit), Verdict::Match),
                    all(watch("document", &on_paper(&row[4], "P", &row[5]), &hit), Verdict::Match),
                    all(
                        watch(
                            "plate",
                            &json!({ "plate": vehicle[0] }),
                            &compare(&json!({ "hit": true, "action": vehicle[2] })),
                        ),
                        Verdict::Match,
                    ),
                    all(
                        watch("vin", &json!({ "vin": vehicle[1] }), &compare(&json!({ "hit": false }))),
                        Verdict::Mismatch,
                    ),
                    all(
                        watch("person", &json!({ "fin": "ZZZZZZ9" }), &compare(&json!({ "hit": false }))),
                        Verdict::Match,
                    ),
                ],
                vec![
                    watch("person", &json!({ "plate": "10AA001" }), &read(&["hit"])),
                    watch("person", &json!({ "fin": row[0] }), &compare(&json!({ "hit": "yes" }))),
                ],
            ),
        )
        .await;
    let crossed =
        |service: &str, subject: &Json, ask: &Json| query(&format!("AZ/GOV/SBS/crossings/{service}/v1"), subject, ask);
    let row = registers.row("crossings", "select fin, count(*) filter (where direction = 'entry'), count(*) filter (where direction = 'exit'), to_char(max(crossed_at) filter (where direction = 'entry') at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), min(document_state), min(document_no) from register.crossings where fin is not null and crossed_at < '2026-01-01' group by fin having count(*) > 3 and max(crossed_at) < '2025-12-01' and not exists (select from register.crossings late where late.fin = crossings.fin and late.crossed_at >= '2026-01-01')");
    registers
        .conforms(
            "crossings",
            cases(
                Some((
                    crossed("person", &json!({ "fin": row[0] }), &read(&["entries", "exits", "lastEntry"])),
                    fields(&[
                        ("entries", Value::Number(row[1].parse().unwrap())),
                        ("exits", Value::Number(row[2].parse().unwrap())),
                        ("lastEntry", text(&row[3])),
                    ]),
                )),
                Some(crossed("vehicle", &json!({ "plate": "10AA001" }), &read(&["entries"]))),
                vec![
                    all(
                        crossed(
                            "document",
                            &on_paper(&row[4], "P", &row[5]),
                            &compare(&json!({ "lastEntry": row[3] })),
                        ),
                        Verdict::Match,
                    ),
                    all(
                        crossed("person", &json!({ "fin": row[0] }), &compare(&json!({ "entries": 99 }))),
                        Verdict::Mismatch,
                    ),
                ],
                vec![crossed("person", &json!({ "fin": row[0] }), &compare(&json!({ "lastEntry": "yesterday" })))],
            ),
        )
        .await;
    let vehicles =
        |service: &str, subject: &Json, ask: &Json| query(&format!("AZ/GOV/MIA/vehicles/{service}/v1"), subject, ask);
    let row = registers.row(
        "vehicles",
        "select plate, vin, make, year, owner_fin, status from register.vehicles where status = 'registered'",
    );
    let licence = registers.row("vehicles", "select number, fin from register.driving_licences where status = 'valid'");
    let power = registers.row("vehicles", "select number, plate, agent_fin from register.powers_of_attorney where valid_until > '2026-05-29' and valid_from < '2026-05-29'");
    registers
        .conforms(
            "vehicles",
            cases(
                Some((
                    vehicles("vehicle", &json!({ "plate": row[0] }), &read(&["status", "make", "year"])),
                    fields(&[
                        ("status", text("registered")),
                        ("make", text(&row[2])),
                        ("year", Value::Number(row[3].parse().unwrap())),
                    ]),
                )),
                Some(vehicles("vehicle", &json!({ "plate": "00XX000" }), &read(&["status"]))),
                vec![
                    all(
                        vehicles(
                            "vehicle-by-vin",
                            &json!({ "vin": row[1] }),
                            &compare(&json!({ "owner": row[4], "status": "registered" })),
                        ),
                        Verdict::Match,
                    ),
                    all(
                        vehicles(
                            "licence",
                            &on_paper("AZE", "DL", &licence[0]),
                            &compare(&json!({ "holder": licence[1], "status": "valid" })),
                        ),
                        Verdict::Match,
                    ),
                    all(
                        vehicles("driver", &json!({ "fin": licence[1] }), &compare(&json!({ "licence": licence[0] }))),
                        Verdict::Match,
                    ),
                    all(
                        vehicles(
                            "driver",
                            &json!({ "fin": "ZZZZZZ9" }),
                            &compare(&json!({ "licence": licence[0], "status": "valid" })),
                        ),
                        Verdict::Mismatch,
                    ),
                    all(
                        vehicles(
                            "authority",
                            &on_paper("AZE", "PA", &power[0]),
                            &compare(&json!({ "valid": true, "plate": power[1], "agent": power[2] })),
                        ),
                        Verdict::Match,
                    ),
                ],
                vec![
                    vehicles("driver", &json!({ "fin": "ZZZZZZ9" }), &read(&["licence"])),
                    vehicles("vehicle", &json!({ "plate": row[0] }), &compare(&json!({ "year": "2000" }))),
                ],
            ),
        )
        .await;
    let seal = |serial: &str, ask: &Json| query("AZ/GOV/COM/cargo-seals/seal/v1", &json!({ "serial": serial }), ask);
    let row = registers.row(
        "cargo-seals",
        "select seal_no, status, driver_document_no, driver_fin, plate, route_to from register.cargo_seals",
    );
    registers
        .conforms(
            "cargo-seals",
            cases(
                Some((
                    seal(&row[0], &read(&["status", "routeTo"])),
                    fields(&[("status", text(&row[1])), ("routeTo", text(&row[5]))]),
                )),
                Some(seal("CS-0", &read(&["status"]))),
                vec![
                    all(
                        seal(
                            &row[0],
                            &compare(&json!({ "driverDocument": row[2], "driver": row[3], "plate": row[4] })),
                        ),
                        Verdict::Match,
                    ),
                    all(seal(&row[0], &compare(&json!({ "driver": "ZZZZZZ9" }))), Verdict::Mismatch),
                ],
                vec![seal(&row[0], &compare(&json!({ "sealedAt": "today" })))],
            ),
        )
        .await;
}

/// No cell under the threshold is told, and none can be worked out from the others of its breakdown or from the same cell of
/// the other areas: of those that are hidden in a line there are at least two, and they count the threshold.
#[tokio::test(flavor = "multi_thread")]
async fn small_cells_are_not_told_and_cannot_be_worked_out() {
    let cluster = Cluster::start();
    let database = Database::named("statistics").unwrap();
    let cells = "insert into register.cells values
            ('tourism', '2025', 'X', null, 'sex', 'men', 4000), ('tourism', '2025', 'X', null, 'sex', 'women', 3),
            ('tourism', '2025', 'Y', null, 'sex', 'men', 10), ('tourism', '2025', 'Y', null, 'sex', 'women', 0),
            ('tourism', '2025', 'Z', null, 'sex', 'men', 9), ('tourism', '2025', 'Z', null, 'sex', 'women', 900)";
    cluster.create("statistics", &format!("{}{cells}", database.schema()));
    let one = |sql: &str| cluster.sql("statistics", sql);
    for (seed, areas, small) in [(1, 60, 0.12), (2, 12, 0.03), (3, 12, 0.02), (4, 12, 0.05), (5, 3, 0.3), (6, 25, 0.01)]
    {
        one(&format!(
            "delete from register.cells where dataset = 'population'; select setseed(0.{seed});
             insert into register.cells select 'population', '2025', 'A-' || area, 'AZ', 'age', 'c' || cell,
               case when random() < {small} then 1 + (random() * 8)::int else (10 + random() * random() * 900)::int end
             from generate_series(1, {areas}) as area, generate_series(1, 8) as cell"
        ));
        let of = "from register.cells join mohur.cells as seen using (code, hidden) where dataset = 'population'";
        let none = |sql: &str| assert_eq!(one(sql), "0", "seed {seed}: {sql}");
        none(&format!(
            "select count(*) {of} and cells.count between 1 and 9 and (not hidden or seen.count is not null)"
        ));
        none(&format!("select count(*) {of} and not hidden and seen.count <> cells.count"));
        // A line is a breakdown of an area, or one cell over the areas of a parent.
        for line in ["area, breakdown", "breakdown, cell"] {
            none(&format!(
                "select count(*) from (select {of} group by {line} having count(*) filter (where hidden) = 1
                 or (bool_or(hidden) and sum(cells.count) filter (where hidden) < 10)) as broken"
            ));
        }
        let told = one(&format!("select count(*) {of} and not hidden")).parse::<i32>().unwrap();
        assert!(areas < 10 || told * 2 > areas * 8, "most of it is told: {told}");
    }
    let adapter =
        Sql::open(mapping(database.mapping), &Settings::new(cluster.socket_url(ROLE, "statistics"))).await.unwrap();
    let cell = |code: &str| {
        query("AZ/GOV/MOJ/statistics/cell/v1", &json!({ "serial": code }), &read(&["count", "suppressed"]))
    };
    for (code, expected) in [
        ("tourism.2025.X.sex.women", None),
        // Alone it would be 4003 less the total.
        ("tourism.2025.X.sex.men", None),
        ("tourism.2025.Y.sex.women", Some(0)),
        ("tourism.2025.Y.sex.men", Some(10)),
        ("tourism.2025.Z.sex.women", None),
    ] {
        let mut values = vec![("suppressed", Value::Flag(expected.is_none()))];
        values.extend(expected.map(|count| ("count", Value::Number(count))));
        assert_eq!(found(ask(&adapter, &cell(code)).await), fields(&values), "{code}");
    }
    assert_eq!(ask(&adapter, &cell("tourism.2025.W.sex.men")).await.unwrap().finding, Finding::Absent);
    one("update register.setting set threshold = 1000");
    assert_eq!(
        found(ask(&adapter, &cell("tourism.2025.Z.sex.women")).await),
        fields(&[("suppressed", Value::Flag(true))])
    );
    let refused = cluster.psql(ROLE, "statistics", "select * from register.cells");
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("permission denied"),
        "the adapter cannot see the counts themselves"
    );
}

/// The database compares names as the exchange does.
#[tokio::test(flavor = "multi_thread")]
async fn the_watch_list_folds_names_as_everybody() {
    let registers = Registers::with(&["watch-list"]).await;
    let country = mohur_reference::Country::of(7, 400);
    let mut names: Vec<String> = country
        .citizens()
        .iter()
        .map(|citizen| format!("{} {} {}", citizen.claims.family_name, citizen.claims.given_name, citizen.patronymic))
        .collect();
    names.extend(
        [
            "İsmayılova Aygün",
            "ISMAYILOV AYGÜN",
            "Nova A",
            "Əli-zadə Rəşad",
            "ALIZADE",
            "Xəlilov",
            "Khalilov",
            "O’Neil J.",
            "Qızı qızı",
            "Səlim oğlu",
            "  a   b ",
            "Hacıyeva-Məmmədova Ş",
        ]
        .map(str::to_owned),
    );
    let quoted: Vec<_> = names.iter().map(|name| format!("($q${name}$q$)")).collect();
    let folded = registers
        .cluster
        .sql("watch-list", &format!("select mohur.fold_name(n) from (values {}) as v(n)", quoted.join(",")));
    let folded: Vec<&str> = folded.split('\n').collect();
    assert_eq!(folded.len(), names.len());
    for (name, folded) in names.iter().zip(folded) {
        assert_eq!(mohur_wire::names::fold(name).0, folded, "{name}");
    }
}
