//! Per-store policies, every one with a default, and their partial change.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::gateways::{GatewayPatch, GatewayPolicy};

macro_rules! policies {
    ($(
        $(#[$doc:meta])*
        $name:ident / $patch:ident {
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr, $least:literal..=$most:literal;)+
        }
    )+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        /// A partial change: what is missing stays.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $patch {
            $($(#[$field_doc])* pub $field: Option<$type>,)+
        }

        impl $name {
            fn apply(&mut self, patch: &$patch) {
                $(if let Some(value) = patch.$field { self.$field = value; })+
            }

            /// Names each field that is out of bounds, with its bounds.
            fn faults(&self, place: &str, faults: &mut Vec<(String, String)>) {
                $(
                    if !($least..=$most).contains(&self.$field) {
                        faults.push((
                            format!("{place}/{}", stringify!($field)),
                            format!("{} to {}", $least, $most),
                        ));
                    }
                )+
            }
        }
    )+};
}

policies! {
    /// How failed payments are tried again: exponential back-off with full jitter.
    Retry / RetryPatch {
        /// The first gap's bound, in milliseconds.
        base_ms: u64 = 500, 1..=3_600_000;
        /// No gap's bound is larger, in milliseconds.
        cap_ms: u64 = 60_000, 1..=86_400_000;
        /// How many attempts the bank may decline for now.
        attempts_max: u32 = 12, 1..=100;
    }

    /// What the store may ask of the node.
    Limits / LimitsPatch {
        /// Orders taken in a second; 0 is no limit.
        orders_per_second: u32 = 0, 0..=1_000_000;
        /// Requests being worked on at once; 0 is no limit but the node's.
        in_flight: u32 = 256, 0..=65_536;
    }
}

/// When money is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capture {
    /// When the order is placed.
    #[default]
    Automatic,
    /// When it ships; until then it is only set aside.
    OnShipment,
}

/// What happens to an order that stock does not cover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutOfStock {
    /// It is canceled.
    #[default]
    Cancel,
    /// It waits for stock.
    Backorder,
}

/// What a review's lapse means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnLapse {
    /// The order goes on.
    Approve,
    /// The order is canceled.
    #[default]
    Reject,
}

/// Who moves a confirmed order on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FulfillmentMode {
    /// Timers.
    #[default]
    Auto,
    /// People.
    Manual,
}

/// What becomes of pieces that a picker does not find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShortPick {
    /// They are struck from the stock, and their money goes back.
    #[default]
    Refund,
    /// They wait for people as a part of their own, while the rest leaves.
    Split,
}

/// What becomes of a parcel that its carrier could not deliver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undelivered {
    /// As soon as its carrier says that it comes back, its pieces are sold again.
    #[default]
    Restock,
    /// The same, but they are kept and not sold.
    Damaged,
    /// The same, but they are thrown away.
    WriteOff,
    /// People say.
    Manual,
}

/// How fraud reviews end when nobody looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// How long people have, in seconds.
    pub sla_s: u64,
    /// What happens then.
    pub on_lapse: OnLapse,
}

impl Default for Review {
    fn default() -> Self {
        Self { sla_s: 86_400, on_lapse: OnLapse::Reject }
    }
}

/// A partial change: what is missing stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReviewPatch {
    /// How long people have, in seconds.
    pub sla_s: Option<u64>,
    /// What happens then.
    pub on_lapse: Option<OnLapse>,
}

/// How orders are fulfilled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FulfillmentPolicy {
    /// Who moves them on.
    pub mode: FulfillmentMode,
    /// How long a stage takes in `auto`, in seconds.
    pub stage_s: u64,
    /// How long a shipment travels in `auto`, in seconds.
    pub transit_s: u64,
    /// After how long without a scan a shipment counts as stalled, in seconds.
    pub stalled_s: u64,
    /// What becomes of pieces that a picker does not find.
    pub short_pick: ShortPick,
    /// What becomes of a parcel that its carrier could not deliver.
    pub undelivered: Undelivered,
    /// What carriers sign their messages with; without it none is believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier_secret: Option<Secret>,
}

impl Default for FulfillmentPolicy {
    fn default() -> Self {
        Self {
            mode: FulfillmentMode::Auto,
            stage_s: 2,
            transit_s: 10,
            stalled_s: 30 * 86_400,
            short_pick: ShortPick::default(),
            undelivered: Undelivered::default(),
            carrier_secret: None,
        }
    }
}

/// The least bytes of a secret: what is shorter can be guessed.
pub(super) const SECRET_BYTES_MIN: usize = 16;
/// The most bytes of a secret.
pub(super) const SECRET_BYTES_MAX: usize = 256;

/// A text that is stored and never shown: views and events on the wire say only that it is there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(Arc<str>);

impl Secret {
    /// The secret itself, for whoever checks a signature.
    pub fn reveal(&self) -> &Arc<str> {
        &self.0
    }

    /// What is shown in its place.
    pub const SHOWN: &'static str = "set";
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A partial change: what is missing stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FulfillmentPatch {
    /// Who moves them on.
    pub mode: Option<FulfillmentMode>,
    /// How long a stage takes in `auto`, in seconds.
    pub stage_s: Option<u64>,
    /// How long a shipment travels in `auto`, in seconds.
    pub transit_s: Option<u64>,
    /// After how long without a scan a shipment counts as stalled, in seconds.
    pub stalled_s: Option<u64>,
    /// What becomes of pieces that a picker does not find.
    pub short_pick: Option<ShortPick>,
    /// What becomes of a parcel that its carrier could not deliver.
    pub undelivered: Option<Undelivered>,
    /// What carriers sign their messages with; empty takes it away.
    pub carrier_secret: Option<Secret>,
}

/// Who agrees to a return.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnApproval {
    /// Nobody need.
    #[default]
    Automatic,
    /// People.
    Manual,
}

/// When the money for a return goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundOn {
    /// When pieces arrive.
    #[default]
    Receipt,
    /// When the return is closed.
    Close,
}

/// How goods come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReturnsPolicy {
    /// For how long after its delivery a piece may be sent back, in seconds; 0 is for ever.
    pub window_s: u64,
    /// Who agrees.
    pub approval: ReturnApproval,
    /// When the money goes back.
    pub refund_on: RefundOn,
}

impl Default for ReturnsPolicy {
    fn default() -> Self {
        let (approval, refund_on) = (ReturnApproval::default(), RefundOn::default());
        Self { window_s: 30 * 86_400, approval, refund_on }
    }
}

/// A partial change: what is missing stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReturnsPatch {
    /// For how long after its delivery a piece may be sent back, in seconds; 0 is for ever.
    pub window_s: Option<u64>,
    /// Who agrees.
    pub approval: Option<ReturnApproval>,
    /// When the money goes back.
    pub refund_on: Option<RefundOn>,
}

/// The longest a policy may wait: a year, in seconds.
const WAIT_MAX_S: u64 = 366 * 86_400;

/// The policies of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// When money is taken.
    pub capture: Capture,
    /// What happens to an order that stock does not cover.
    pub out_of_stock: OutOfStock,
    /// How long stock is held for an unconfirmed order, in seconds.
    pub reservation_ttl_s: u64,
    /// How long an order may take to be confirmed, in seconds.
    pub order_deadline_s: u64,
    /// How fraud reviews end when nobody looks.
    pub review: Review,
    /// How failed payments are tried again.
    pub retry: Retry,
    /// How orders are fulfilled.
    pub fulfillment: FulfillmentPolicy,
    /// How goods come back.
    #[serde(default)]
    pub returns: ReturnsPolicy,
    /// How payments go out, and how the bank is heard.
    #[serde(default, skip_serializing_if = "GatewayPolicy::is_blank")]
    pub gateway: GatewayPolicy,
    /// What the store may ask of the node.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            capture: Capture::default(),
            out_of_stock: OutOfStock::default(),
            reservation_ttl_s: 900,
            order_deadline_s: 86_400,
            review: Review::default(),
            retry: Retry::default(),
            fulfillment: FulfillmentPolicy::default(),
            returns: ReturnsPolicy::default(),
            gateway: GatewayPolicy::default(),
            limits: Limits::default(),
        }
    }
}

/// A partial change of a store's policies: what is missing stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SettingsPatch {
    /// When money is taken.
    pub capture: Option<Capture>,
    /// What happens to an order that stock does not cover.
    pub out_of_stock: Option<OutOfStock>,
    /// How long stock is held for an unconfirmed order, in seconds.
    pub reservation_ttl_s: Option<u64>,
    /// How long an order may take to be confirmed, in seconds.
    pub order_deadline_s: Option<u64>,
    /// How fraud reviews end when nobody looks.
    pub review: ReviewPatch,
    /// How failed payments are tried again.
    pub retry: RetryPatch,
    /// How orders are fulfilled.
    pub fulfillment: FulfillmentPatch,
    /// How goods come back.
    pub returns: ReturnsPatch,
    /// How the bank is heard.
    pub gateway: GatewayPatch,
    /// What the store may ask of the node.
    pub limits: LimitsPatch,
}

impl Settings {
    /// These settings with a patch over them; or the places (JSON pointers within the settings) that are out of bounds.
    pub fn patched(&self, patch: &SettingsPatch) -> Result<Settings, Vec<(String, String)>> {
        let mut new = self.clone();
        new.capture = patch.capture.unwrap_or(new.capture);
        new.out_of_stock = patch.out_of_stock.unwrap_or(new.out_of_stock);
        new.reservation_ttl_s = patch.reservation_ttl_s.unwrap_or(new.reservation_ttl_s);
        new.order_deadline_s = patch.order_deadline_s.unwrap_or(new.order_deadline_s);
        new.review.sla_s = patch.review.sla_s.unwrap_or(new.review.sla_s);
        new.review.on_lapse = patch.review.on_lapse.unwrap_or(new.review.on_lapse);
        new.retry.apply(&patch.retry);
        new.fulfillment.mode = patch.fulfillment.mode.unwrap_or(new.fulfillment.mode);
        new.fulfillment.stage_s = patch.fulfillment.stage_s.unwrap_or(new.fulfillment.stage_s);
        new.fulfillment.transit_s = patch.fulfillment.transit_s.unwrap_or(new.fulfillment.transit_s);
        new.fulfillment.stalled_s = patch.fulfillment.stalled_s.unwrap_or(new.fulfillment.stalled_s);
        new.fulfillment.short_pick = patch.fulfillment.short_pick.unwrap_or(new.fulfillment.short_pick);
        new.fulfillment.undelivered = patch.fulfillment.undelivered.unwrap_or(new.fulfillment.undelivered);
        match &patch.fulfillment.carrier_secret {
            None => {}
            Some(secret) if secret.reveal().is_empty() => new.fulfillment.carrier_secret = None,
            Some(secret) => new.fulfillment.carrier_secret = Some(secret.clone()),
        }
        new.returns.window_s = patch.returns.window_s.unwrap_or(new.returns.window_s);
        new.returns.approval = patch.returns.approval.unwrap_or(new.returns.approval);
        new.returns.refund_on = patch.returns.refund_on.unwrap_or(new.returns.refund_on);
        new.gateway.apply(&patch.gateway);
        new.limits.apply(&patch.limits);
        let faults = new.faults();
        if faults.is_empty() { Ok(new) } else { Err(faults) }
    }

    fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        let waits = [
            ("/reservation_ttl_s", self.reservation_ttl_s, 1),
            ("/order_deadline_s", self.order_deadline_s, 1),
            ("/review/sla_s", self.review.sla_s, 1),
            ("/fulfillment/stage_s", self.fulfillment.stage_s, 0),
            ("/fulfillment/transit_s", self.fulfillment.transit_s, 0),
            ("/fulfillment/stalled_s", self.fulfillment.stalled_s, 1),
            ("/returns/window_s", self.returns.window_s, 0),
        ];
        for (place, secs, least) in waits {
            if !(least..=WAIT_MAX_S).contains(&secs) {
                faults.push((place.into(), format!("{least} to {WAIT_MAX_S}")));
            }
        }
        if let Some(secret) = &self.fulfillment.carrier_secret
            && !(SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&secret.reveal().len())
        {
            let bounds = format!("{SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} bytes");
            faults.push(("/fulfillment/carrier_secret".into(), bounds));
        }
        self.gateway.faults(&mut faults);
        self.retry.faults("/retry", &mut faults);
        self.limits.faults("/limits", &mut faults);
        if self.retry.cap_ms < self.retry.base_ms {
            faults.push(("/retry/cap_ms".into(), "not below base_ms".into()));
        }
        faults
    }
}
