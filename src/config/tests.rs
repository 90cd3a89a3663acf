use std::ffi::OsString;

use super::layers::{Flags, Layers};
use super::*;

fn env(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// What a file, an environment and flags come to; the error as people see it.
fn settled(file: &str, variables: &[(&str, &str)], flags: Flags) -> Result<Effective, String> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("orderflow.toml");
    std::fs::write(&path, file).expect("written");
    Layers::gather(Some(&path), env(variables), &flags)
        .and_then(Layers::settle)
        .map_err(|error| error.to_string().replace(&path.display().to_string(), "FILE"))
}

fn refused(file: &str) -> String {
    settled(file, &[], Flags::none()).expect_err(file)
}

#[test]
fn the_reference_file_is_what_is_built_in() {
    let file = include_str!("../../config/default.toml");
    assert_eq!(file, Config::reference(), "write it anew with `orderflow config --reference`");
    assert_eq!(Config::from_toml(file).ok(), Some(Config::default()));
}

#[test]
fn the_other_files_differ_and_only_differ() {
    for file in [include_str!("../../config/demo.toml"), include_str!("../../config/production.toml")] {
        let mut layers = Layers::default();
        layers.file("(text)", file).expect("good");
        let effective = layers.settle().expect("good");
        let built_in = Config::default().sections();
        for (section, default) in effective.config.sections().iter().zip(&built_in) {
            for (key, default) in section.keys.iter().zip(&default.keys) {
                let is_named = effective.origins.contains_key(key.name);
                assert_eq!(is_named, key.value != default.value, "{}", key.name);
            }
        }
    }
}

#[test]
fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\nkeep_alive_s = 1\nworkers = 1";
    let variables = [("ORDERFLOW__SERVER__LISTEN", "127.0.0.1:2"), ("ORDERFLOW__SERVER__KEEP_ALIVE_S", "2")];
    let flags = Flags::none()
        .with("--listen", "server.listen", Some("127.0.0.1:3"))
        .with("--data", "data.directory", None::<String>)
        .with_assignments(&["views.flush_ms=1_000".into()]);
    let effective = settled(file, &variables, flags).expect("good");
    let config = &effective.config;
    assert_eq!((config.server.listen.port(), config.server.keep_alive_s, config.server.workers), (3, 2, 1));
    assert_eq!((config.views.flush_ms, config.stores.arbiters), (1_000, 0));
    let shown = effective.to_string();
    for part in [
        "# flag --listen",
        "# environment variable ORDERFLOW__SERVER__KEEP_ALIVE_S",
        "# file ",
        "# flag --set",
        "secret_key = \"****\"",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(
        !shown.contains("sk_test") && !format!("{config:?}").contains("sk_test"),
        "a secret is never shown"
    );
}

#[test]
fn unknown_keys_are_named_with_the_nearest_known_one() {
    for (file, says) in [
        (
            "[server]\nlisten_on = \"x\"",
            "unknown setting `server.listen_on` from file FILE; did you mean `server.listen`?",
        ),
        (
            "[journal]\nlinger = 1",
            "unknown setting `journal.linger` from file FILE; did you mean `journal.linger_us`?",
        ),
        ("listen = \"x\"", "unknown setting `listen` from file FILE; did you mean `server.listen`?"),
        (
            "[sever]\nkeep_alive_s = 1",
            "unknown setting `sever.keep_alive_s` from file FILE; did you mean `server.keep_alive_s`?",
        ),
    ] {
        assert_eq!(refused(file), says);
    }
    let by_env = settled("", &[("ORDERFLOW__VIEWS__FLUSH", "1")], Flags::none()).expect_err("unknown");
    assert!(by_env.contains("ORDERFLOW__VIEWS__FLUSH") && by_env.contains("views.flush_ms"), "{by_env}");
    let by_flag =
        settled("", &[], Flags::none().with_assignments(&["nothing".into()])).expect_err("no value");
    assert_eq!(by_flag, "--set takes KEY=VALUE, not `nothing`");
}

#[test]
fn values_are_checked_before_anything_starts() {
    for (file, says) in [
        (
            "[server]\nworkers = \"two\"",
            "setting `server.workers` from file FILE: expected a whole number, not negative",
        ),
        (
            "[server]\nworkers = -1",
            "setting `server.workers` from file FILE: expected a whole number, not negative",
        ),
        (
            "[server]\nshutdown_grace_s = 11",
            "setting `server.shutdown_grace_s` from file FILE: 11 is out of bounds, expected 0 to 10",
        ),
        (
            "[server]\nlisten = \"localhost\"",
            "setting `server.listen` from file FILE: expected an address and a port, like 127.0.0.1:8080",
        ),
        (
            "[stores]\nplacement = \"near\"",
            "setting `stores.placement` from file FILE: expected \"shared\" or \"apart\"",
        ),
        (
            "[gateway]\nurl = \"ftp://x\"",
            "setting `gateway.url` from file FILE: expected an address like http://127.0.0.1:4010, without user, query and fragment",
        ),
        (
            "[gateway]\nsecret_key = \"a b\"",
            "setting `gateway.secret_key` from file FILE: expected visible ASCII characters without spaces",
        ),
        (
            "[schedule]\ntime_zone = \"Mars/Olympus\"",
            "setting `schedule.time_zone` from file FILE: expected a time zone of the IANA database, like UTC or Europe/Berlin",
        ),
        (
            "[schedule]\nstock_scan = \"* * * * *\"",
            "setting `schedule.stock_scan` from file FILE: expected a table like { cron = \"0 */5 * * * *\", enabled = true }, \
             or the line alone: second, minute, hour, day of the month, month, day of the week",
        ),
        (
            "[logs]\nlevel = \"loud\"",
            "setting `logs.level` from file FILE: expected off, error, warn, info, debug or trace, or target=level pairs with commas between",
        ),
    ] {
        assert_eq!(refused(file), says);
    }
    assert!(refused("[server").contains("is not TOML"));
}

#[test]
fn a_line_of_the_cron_table_is_a_table_or_a_line_alone() {
    for (file, cron, enabled) in [
        ("retention = { cron = \"1 2 3 * * *\", enabled = false }", "1 2 3 * * *", false),
        ("retention = { cron = \"1 2 3 * * *\" }", "1 2 3 * * *", true),
        ("retention = \"1 2 3 * * *\"", "1 2 3 * * *", true),
    ] {
        let slot = settled(&format!("[schedule]\n{file}"), &[], Flags::none())
            .expect(file)
            .config
            .schedule
            .retention;
        assert_eq!((slot.cron.to_string().as_str(), slot.enabled), (cron, enabled), "{file}");
    }
    let variable = ("ORDERFLOW__SCHEDULE__RETENTION", "{ cron = \"1 2 3 * * *\", enabled = false }");
    let slot = settled("", &[variable], Flags::none()).expect("good").config.schedule.retention;
    assert_eq!((slot.cron.to_string().as_str(), slot.enabled), ("1 2 3 * * *", false));
    for bad in [
        "{ cron = \"1 2 3 * * *\", on = true }",
        "{ enabled = true }",
        "{ cron = \"1 2 3 * * *\", enabled = \"yes\" }",
        "{ cron = \"1 2 3 32 * *\" }",
        "5",
    ] {
        let refused = refused(&format!("[schedule]\nretention = {bad}"));
        assert!(refused.starts_with("setting `schedule.retention` from file FILE: "), "{refused}");
    }
}

#[test]
fn an_open_door_is_a_loopback_one() {
    let open = refused("[server]\nlisten = \"0.0.0.0:8080\"");
    assert!(open.contains("loopback"), "{open}");
    let required = refused("[auth]\nmode = \"required\"");
    assert!(required.contains("not built yet"), "{required}");
    assert!(settled("[server]\nlisten = \"[::1]:0\"", &[], Flags::none()).is_ok());
}

#[test]
fn a_missing_file_is_named() {
    let missing =
        Config::load(Some(Path::new("/nowhere/orderflow.toml")), &Flags::none()).expect_err("missing");
    assert_eq!(missing.to_string(), "could not read the configuration file /nowhere/orderflow.toml");
}
