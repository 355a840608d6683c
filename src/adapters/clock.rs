//! The system clock.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::domain::ids::PromotionId;
use crate::ports::Clock;

/// The machine's clock and the runtime's timer.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn utc_offset_s(&self) -> i32 {
        jiff::tz::TimeZone::system().to_offset(Timestamp::now()).seconds()
    }

    fn new_id(&self) -> PromotionId {
        PromotionId::from_uuid(uuid::Uuid::now_v7())
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(duration).boxed()
    }
}
