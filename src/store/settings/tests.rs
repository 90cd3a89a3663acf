//! Given a store, when it is asked, then.

use super::*;

fn store() -> Store {
    let provision = Command::Provision {
        id: "acme".parse().expect("legal"),
        name: None,
        currency: "USD".parse().expect("legal"),
        settings: SettingsPatch::default(),
    };
    after(Store::Unknown, provision)
}

fn after(mut store: Store, command: Command) -> Store {
    for event in decide::decide(&store, command).expect("taken") {
        store.evolve(&event, Timestamp::from_micros(1));
    }
    store
}

fn configure(settings: SettingsPatch) -> Command {
    Command::Configure { name: None, settings, status: None }
}

#[test]
fn a_new_store_has_the_documented_defaults() {
    let store = store();
    let known = store.known().expect("provisioned");
    assert_eq!(known.name, "acme");
    assert_eq!(known.settings, Settings::default());
    assert_eq!((known.settings.reservation_ttl_s, known.settings.limits.in_flight), (900, 256));
}

#[test]
fn a_patch_changes_what_it_names_and_nothing_else() {
    let patch = SettingsPatch {
        retry: RetryPatch { cap_ms: Some(2_000), ..RetryPatch::default() },
        ..SettingsPatch::default()
    };
    let store = after(store(), configure(patch));
    let known = store.known().expect("provisioned");
    let expected = Settings { retry: Retry { cap_ms: 2_000, ..Retry::default() }, ..Settings::default() };
    assert_eq!(known.settings, expected);
    assert_eq!(known.version, 2);
}

#[test]
fn repeats_and_empty_patches_change_nothing() {
    let store = store();
    assert_eq!(decide::decide(&store, configure(SettingsPatch::default())), Ok(vec![]));
    let again = Command::Provision {
        id: "acme".parse().expect("legal"),
        name: None,
        currency: "USD".parse().expect("legal"),
        settings: SettingsPatch::default(),
    };
    assert_eq!(decide::decide(&store, again), Err(Rejection::Exists));
    assert_eq!(
        decide::decide(&Store::Unknown, configure(SettingsPatch::default())),
        Err(Rejection::NotFound)
    );
}

#[test]
fn settings_out_of_bounds_are_named() {
    let patch = SettingsPatch {
        reservation_ttl_s: Some(0),
        retry: RetryPatch { base_ms: Some(5_000), cap_ms: Some(10), attempts_max: Some(0) },
        ..SettingsPatch::default()
    };
    let Err(Rejection::OutOfBounds(faults)) = decide::decide(&store(), configure(patch)) else {
        panic!("expected a refusal")
    };
    let places: Vec<&str> = faults.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(
        places,
        ["/settings/reservation_ttl_s", "/settings/retry/attempts_max", "/settings/retry/cap_ms"]
    );
}

#[test]
fn a_store_is_suspended_and_resumed_once_each() {
    let suspend = Command::Configure {
        name: None,
        settings: SettingsPatch::default(),
        status: Some(Status::Suspended),
    };
    let store = after(store(), suspend.clone());
    assert_eq!(store.known().map(|known| known.status), Some(Status::Suspended));
    assert_eq!(decide::decide(&store, suspend), Ok(vec![]));
}
