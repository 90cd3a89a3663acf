//! The programs as their operators meet them: starting, refusing to start, printing, stopping.

use serde_json::{Value, json};

use crate::support::{Finished, Server, World, basket, many, orderflow};

#[tokio::test]
async fn a_second_process_on_the_same_directory_is_refused() {
    let world = World::start().await;
    let data = world.server.data();
    let complaint = world.server.start_refused().await;
    assert!(complaint.contains(data.to_str().expect("a plain path")), "{complaint}");
    world.shop("acme").await;
    world.server.terminate().await;
}

#[tokio::test]
async fn a_damaged_journal_is_refused_with_file_and_position() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 100).await;
    shop.stock("EARLY-ONE", 1).await;
    many(20, 5, async |_| shop.buy(&basket("MUG", 1)).await).await;
    world.proves(&[&shop]).await;
    shop.stock("LAST-ONE", 1).await;
    world.server.terminate().await;
    world.server.verify().await.succeeded();
    let file = world.server.data().join("journal.db");
    let sound = std::fs::read(&file).expect("a journal");

    // The end is looked at by every start.
    overwrite(&file, b"LAST-ONE", b"LAST-0NE");
    names_a_position(&world.server.start_refused().await);
    names_a_position(&world.server.verify().await.failed());

    // The rest by whoever reads it: `verify`, and a start that has to make views anew.
    std::fs::write(&file, sound).expect("ours to mend");
    overwrite(&file, b"EARLY-ONE", b"EARLY-0NE");
    names_a_position(&world.server.verify().await.failed());
    for views in ["views.db", "views.db-wal", "views.db-shm"] {
        let _ = std::fs::remove_file(world.server.data().join(views));
    }
    names_a_position(&world.server.start_refused().await);
}

fn names_a_position(complaint: &str) {
    assert!(complaint.contains("journal.db"), "names no file: {complaint}");
    let position = complaint.split("position ").nth(1).and_then(|rest| rest.chars().next());
    assert!(position.is_some_and(|first| first.is_ascii_digit()), "names no position: {complaint}");
}

#[tokio::test]
async fn a_view_that_lies_is_found_out() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 100).await;
    shop.buy_until(&basket("MUG", 1), "confirmed").await;
    world.ends(&[&shop]).await;
    let file = world.server.data().join("views.db");
    let views = rusqlite::Connection::open(&file).expect("a database");
    views.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("all of it in one file");
    drop(views);
    let sound = std::fs::read(&file).expect("views");
    let lies: [(&[u8], &[u8]); 2] =
        // The second is MessagePack: the name, then 1250 and 1251 in two bytes.
        [(b"1 Loop Rd", b"9 Loop Rd"), (b"\xA8captured\xCD\x04\xE2", b"\xA8captured\xCD\x04\xE3")];
    for (truth, lie) in lies {
        std::fs::write(&file, &sound).expect("ours to mend");
        overwrite(&file, truth, lie);
        let verdict = world.server.verify().await;
        assert_eq!(verdict.code, Some(1), "{verdict:?}");
        assert!(format!("{verdict:?}").contains("ord_"), "names no order: {verdict:?}");
    }
}

/// Changes a text wherever a file has it.
fn overwrite(file: &std::path::Path, text: &[u8], with: &[u8]) {
    assert_eq!(text.len(), with.len());
    let mut bytes = std::fs::read(file).expect("ours to read");
    let places: Vec<usize> =
        bytes.windows(text.len()).enumerate().filter(|(_, part)| *part == text).map(|(at, _)| at).collect();
    assert!(!places.is_empty(), "nothing of the kind in {}", file.display());
    for place in places {
        bytes[place..place + with.len()].copy_from_slice(with);
    }
    std::fs::write(file, bytes).expect("ours to write");
}

/// How `orderflow serve` ends with these arguments on a directory of its own, which it must do by itself.
async fn serve(arguments: &[&str]) -> String {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("data");
    let mut all = vec!["serve", "--data", data.to_str().expect("a plain path")];
    all.extend(arguments);
    orderflow(&all).await.failed()
}

#[tokio::test]
async fn settings_that_cannot_be_used_refuse_the_start_by_name() {
    for (arguments, named) in [
        (vec!["--listen", "127.0.0.1:0", "--set", "server.colour=red"], "server.colour"),
        (vec!["--listen", "127.0.0.1:0", "--set", "journal.linger_us=-1"], "journal.linger_us"),
        (vec!["--listen", "127.0.0.1:0", "--set", "server.workers=many"], "server.workers"),
        (vec!["--listen", "127.0.0.1:0", "--set", "auth.mode=required"], "auth.mode"),
        (vec!["--listen", "0.0.0.0:0"], "loopback"),
        (vec!["--listen", "somewhere"], "--listen"),
        (vec!["--listen", "127.0.0.1:0", "--gateway-url", "ftp://bank"], "gateway.url"),
        (vec!["--config", "/nowhere/orderflow.toml"], "/nowhere/orderflow.toml"),
        (vec!["--colour", "red"], "--colour"),
    ] {
        let complaint = serve(&arguments).await;
        assert!(complaint.contains(named), "{arguments:?}: {complaint}");
    }
}

#[tokio::test]
async fn a_file_with_an_unknown_key_is_refused_by_name_and_place() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("orderflow.toml");
    std::fs::write(&file, "[server]\nlistem = \"127.0.0.1:0\"\n").expect("ours to write");
    let path = file.to_str().expect("a plain path");
    let complaint = serve(&["--config", path]).await;
    assert!(complaint.contains("server.listem") && complaint.contains("server.listen"), "{complaint}");
    assert!(complaint.contains(path), "names no file: {complaint}");
    std::fs::write(&file, "[server\n").expect("ours to write");
    assert!(serve(&["--config", path]).await.contains(path));
}

#[tokio::test]
async fn a_taken_port_is_refused_by_name() {
    let world = World::start().await;
    let address = world.api().url().trim_start_matches("http://").to_owned();
    let complaint = serve(&["--listen", &address]).await;
    assert!(complaint.contains(&address), "{complaint}");
}

#[tokio::test]
async fn settings_in_force_are_printed_and_secrets_are_not() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("orderflow.toml");
    std::fs::write(&file, "[gateway]\nsecret_key = \"sk_test_hush\"\ntimeout_ms = 1234\n")
        .expect("ours to write");
    let path = file.to_str().expect("a plain path");
    let shown = orderflow(&["config", "--config", path, "--set", "views.flush_ms=77"]).await.succeeded();
    let table: toml::Table = shown.parse().expect("TOML");
    assert_eq!(table["gateway"]["timeout_ms"].as_integer(), Some(1_234));
    assert_eq!(table["views"]["flush_ms"].as_integer(), Some(77));
    assert!(!shown.contains("hush"), "{shown}");
    let reference = orderflow(&["config", "--reference"]).await.succeeded();
    let table: toml::Table = reference.parse().expect("TOML");
    assert_eq!(table["server"]["listen"].as_str(), Some("127.0.0.1:8080"));
}

#[tokio::test]
async fn help_names_every_command() {
    let help = orderflow(&["--help"]).await.succeeded();
    for command in ["serve", "demo", "replay", "seed", "verify", "export", "openapi", "config"] {
        assert!(help.contains(command), "{command} is missing in {help}");
        let more = orderflow(&[command, "--help"]).await.succeeded();
        assert!(more.contains("Usage"), "{more}");
    }
    assert!(orderflow(&["--version"]).await.succeeded().starts_with("orderflow "));
    assert_eq!(orderflow(&["dance"]).await.code, Some(2));
    assert_eq!(orderflow(&[]).await.code, Some(2));
}

#[tokio::test]
async fn an_export_is_every_event_as_json_lines() {
    let world = World::start().await;
    let (acme, gifts) = (world.shop("acme").await, world.shop("gifts").await);
    for shop in [&acme, &gifts] {
        shop.stock("MUG", 10).await;
        shop.buy_until(&basket("MUG", 1), "confirmed").await;
    }
    world.proves(&[&acme, &gifts]).await;
    let told = [acme.events().await, gifts.events().await];
    world.server.terminate().await;
    let exported = export(&world.server, &[]).await.succeeded();
    let lines: Vec<Value> =
        exported.lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect();
    assert_eq!(lines.len(), told.iter().map(Vec::len).sum::<usize>());
    for events in &told {
        let mine: Vec<&Value> =
            lines.iter().filter(|line| line["store_id"] == events[0]["store_id"]).collect();
        let same = |(line, event): (&&Value, &Value)| {
            ["id", "sequence", "type", "at", "data"].iter().all(|member| line[member] == event[member])
        };
        assert!(mine.len() == events.len() && mine.iter().zip(events).all(same), "{mine:?}");
    }
    let one = export(&world.server, &["--store", "acme"]).await.succeeded();
    assert_eq!(one.lines().count(), told[0].len());
}

async fn export(server: &Server, more: &[&str]) -> Finished {
    let data = server.data();
    let mut arguments = vec!["export", "--data", data.to_str().expect("a plain path")];
    arguments.extend(more);
    orderflow(&arguments).await
}

#[tokio::test]
async fn commands_on_a_directory_without_a_journal_fail_and_make_none() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let nowhere = directory.path().join("nowhere");
    let path = nowhere.to_str().expect("a plain path");
    for command in ["verify", "export"] {
        let complaint = orderflow(&[command, "--data", path]).await.failed();
        assert!(complaint.contains(path), "{command}: {complaint}");
        assert!(!nowhere.exists(), "{command} made a directory");
    }
}

#[tokio::test]
async fn an_idle_server_is_live_and_ready_and_stops_when_asked() {
    let world = World::start().await;
    let api = world.api();
    api.get("/livez").await.must(200);
    let ready = api.get("/readyz").await.must(200);
    assert_eq!(ready["status"], "ready", "{ready}");
    let metrics = api.get("/metrics").await;
    assert!(metrics.text.ends_with("# EOF\n"), "OpenMetrics ends so: {}", metrics.text);
    assert!(api.get("/").await.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    assert_eq!(api.get("/v1/stores").await.must(200)["data"], json!([]));
    world.server.terminate().await;
}
