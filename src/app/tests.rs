use super::*;

fn config(data: &std::path::Path) -> Config {
    let mut config = Config::default();
    config.server.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.server.workers = 1;
    config.data.directory = data.to_owned();
    config
}

async fn status(url: &str) -> u16 {
    let answer = reqwest::get(url).await.expect("an answer");
    answer.status().as_u16()
}

#[tokio::test]
async fn a_node_starts_answers_stops_and_starts_again_in_the_same_place() {
    let folder = tempfile::tempdir().expect("a folder");
    for placement in [Placement::Shared, Placement::Apart] {
        let mut config = config(folder.path());
        config.stores.placement = placement;
        let running = start(config, Fittings::default()).expect("started");
        assert_eq!(status(&format!("{}/readyz", running.url())).await, 200);
        running.stop().expect("stopped well");
    }
}

#[test]
fn what_is_taken_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = start(config(folder.path()), Fittings::default()).expect("started");
    let held = start(config(folder.path()), Fittings::default()).expect_err("held").to_string();
    assert!(held.contains("is in use by another process"), "{held}");
    let mut same_port = config(&folder.path().join("other"));
    let address = first.url().trim_start_matches("http://").parse().expect("an address");
    same_port.server.listen = address;
    let taken = start(same_port, Fittings::default()).expect_err("taken").to_string();
    assert!(taken.contains("choose another with --listen"), "{taken}");
    assert!(!folder.path().join("other").exists(), "nothing was made for a node that cannot listen");
}

#[tokio::test]
async fn a_node_that_is_dropped_has_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = start(config(folder.path()), Fittings::default()).expect("started").url().to_owned();
    assert!(reqwest::get(format!("{url}/livez")).await.is_err());
}
