//! Who is let in when the node is nearly full: what ends work before what begins it, and what changes something before
//! what only looks.

use actix_web::http::Method;

/// What kind of request it is, as far as letting it in goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Health and figures: always answered.
    Free,
    /// Cancelations, decisions, settings.
    Act,
    /// New orders.
    Order,
    /// Lists and looks.
    Read,
}

impl Class {
    /// The class of a request.
    pub(super) fn of(method: &Method, path: &str) -> Self {
        if matches!(path, "/v1/orders" | "/orders/submit") && method != Method::GET {
            Class::Order
        } else if !path.starts_with("/v1/") {
            Class::Free
        } else if method == Method::GET {
            Class::Read
        } else {
            Class::Act
        }
    }

    /// How many requests may be in flight for one of this class to be let in.
    pub(super) const fn share_of(self, in_flight_max: u32) -> u32 {
        match self {
            Class::Free => u32::MAX,
            Class::Act => in_flight_max,
            Class::Order => in_flight_max - in_flight_max / 10,
            Class::Read => in_flight_max - in_flight_max / 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancelations_pass_when_shoppers_do_not() {
        let shares = [Class::Read, Class::Order, Class::Act].map(|class| class.share_of(1_000));
        assert_eq!(shares, [750, 900, 1_000]);
        for (method, path, class) in [
            (Method::POST, "/v1/orders", Class::Order),
            (Method::POST, "/orders/submit", Class::Order),
            (Method::POST, "/v1/orders/ord_1/cancel", Class::Act),
            (Method::GET, "/v1/orders", Class::Read),
            (Method::GET, "/readyz", Class::Free),
            (Method::PUT, "/v1/inventory/a", Class::Act),
        ] {
            assert_eq!(Class::of(&method, path), class, "{method} {path}");
        }
    }
}
