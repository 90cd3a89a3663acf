//! Where notifications go: to this machine, and nowhere else.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// An address to post to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// Host and port as they were written.
    pub(crate) host: String,
    /// Path and query.
    pub(crate) path: String,
}

impl Target {
    /// Takes an `http` URL of a loopback address apart. `localhost` is 127.0.0.1 and is not looked up.
    pub(crate) fn parse(url: &str) -> Option<Target> {
        let rest = url.strip_prefix("http://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        let path = path.split('#').next().unwrap_or_default();
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain(host) || !plain(path) || host.contains('@') {
            return None;
        }
        let (name, port) = match host.strip_prefix('[') {
            Some(inner) => {
                let (name, after) = inner.split_once(']')?;
                (name, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
            }
            None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
        };
        let port = port.map_or(Some(80), |port| port.parse().ok())?;
        let ip: IpAddr = match name {
            "localhost" => Ipv4Addr::LOCALHOST.into(),
            name => name.parse().ok()?,
        };
        let path = match path.as_bytes().first() {
            Some(b'/') => path.to_owned(),
            _ => format!("/{path}"),
        };
        ip.is_loopback().then(|| Target { address: SocketAddr::new(ip, port), host: host.to_owned(), path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_told_and_no_other() {
        let target = Target::parse("http://127.0.0.1:8080/hooks?a=1").expect("a loopback address");
        assert_eq!((&*target.address.to_string(), &*target.path), ("127.0.0.1:8080", "/hooks?a=1"));
        let target = Target::parse("http://localhost:90?a").expect("a loopback name");
        assert_eq!((&*target.address.to_string(), &*target.host, &*target.path), {
            ("127.0.0.1:90", "localhost:90", "/?a")
        });
        assert!(Target::parse("http://[::1]:8080/").is_some());
        for url in [
            "https://127.0.0.1/",
            "http://10.0.0.1/",
            "http://169.254.169.254/latest",
            "http://example.com/",
            "http://localhost.example.com/",
            "http://user@127.0.0.1/",
            "http://127.0.0.1@example.com/",
            "http://0.0.0.0/",
            "http://127.0.0.1:99999/",
            "http://127.0.0.1/a b",
            "ftp://127.0.0.1/",
            "",
        ] {
            assert_eq!(Target::parse(url), None, "{url}");
        }
    }
}
