//! Comparisons of two sets of zones. They take a core for seconds where sets are large, so each is made once, in the
//! background, and whoever asks meanwhile is told how far it is.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use super::nearest::metres;
use super::{ReadModel, apart};
use crate::domain::Digest;
use crate::domain::city::City;
use crate::domain::unit::UnitId;
use crate::event_store::StoreError;
use crate::features::{self, Features};
use crate::geometry::Position;
use crate::geometry::crs::Crs;
use crate::geometry::exchange::{Exchange, Place, exchange};
use jiff::civil::Date;

/// How many comparisons are kept.
const KEPT: usize = 64;
/// How long a reader waits for one that is being made.
const PATIENCE: Duration = Duration::from_millis(1_500);

type Key = (Digest, Digest, u32);
/// The comparison once it is made.
type Made = Option<Result<Arc<Exchange>, ()>>;

/// A comparison that is being made, or was made.
struct Work {
    /// Zones of both sets.
    all: usize,
    done: AtomicUsize,
    made: watch::Sender<Made>,
}

/// The comparisons that are known, the last asked for at the end.
pub(super) struct Exchanges {
    known: Mutex<VecDeque<(Key, Arc<Work>)>>,
    /// One is made at a time.
    turn: Arc<Semaphore>,
}

impl Default for Exchanges {
    fn default() -> Self {
        Self { known: Mutex::default(), turn: Arc::new(Semaphore::new(1)) }
    }
}

/// A comparison, or how far it is.
#[derive(Debug, Clone)]
pub enum Compared {
    /// What land passed from which class to which; each of the places with its surroundings.
    Made(Arc<Exchange>, Vec<Surroundings>),
    /// It is being made: so many percent are done.
    UnderWay(usize),
}

/// Where a place is, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Surroundings {
    /// Where exactly.
    pub position: Position,
    /// The unit that it lies in.
    pub unit: Option<UnitId>,
    /// The nearest landmark, by its number in the city's list, and how far it is in metres.
    pub landmark: Option<(usize, f64)>,
}

impl ReadModel {
    /// Compares two sets of zones in a plane, the earlier first. Errors: it cannot be done.
    pub async fn compared(
        &self,
        city: &City,
        [(old, old_set), (new, new_set)]: [(Digest, Arc<Features>); 2],
        plane: Crs,
        today: Date,
    ) -> Result<Compared, StoreError> {
        let found = match self.exchanges.ask((old, new, plane.epsg), old_set, new_set, plane).await? {
            Asked::Made(found) => found,
            Asked::UnderWay(percent) => return Ok(Compared::UnderWay(percent)),
        };
        let mut around = Vec::new();
        for place in &found.places {
            around.push(self.surroundings(city, place, &plane, today).await);
        }
        Ok(Compared::Made(found, around))
    }

    async fn surroundings(&self, city: &City, place: &Place, plane: &Crs, today: Date) -> Surroundings {
        let [lon, lat] = plane.to_wgs84(place.at[0], place.at[1]).unwrap_or_default();
        let position = Position { lon, lat };
        let far = |(at, mark): (usize, &crate::domain::city::Landmark)| (at, metres(position, Position { lon: mark.lon, lat: mark.lat }));
        let landmark = city.landmarks.iter().enumerate().map(far).min_by(|a, b| a.1.total_cmp(&b.1));
        Surroundings { position, unit: self.unit_at(city, [lon, lat], today).await, landmark }
    }
}

/// What whoever asks is told.
enum Asked {
    Made(Arc<Exchange>),
    /// So many percent are done.
    UnderWay(usize),
}

impl Exchanges {
    /// The comparison, or how far it is when the reader's patience ends. Errors: it cannot be made.
    async fn ask(&self, key: Key, old: Arc<Features>, new: Arc<Features>, plane: Crs) -> Result<Asked, StoreError> {
        let work = self.work(key, old, new, plane);
        let mut made = work.made.subscribe();
        if tokio::time::timeout(PATIENCE, made.wait_for(Option::is_some)).await.is_err() {
            return Ok(Asked::UnderWay(100 * work.done.load(Ordering::Relaxed) / work.all.max(1)));
        }
        let found = made.borrow().clone();
        if let Some(Ok(found)) = found {
            return Ok(Asked::Made(found));
        }
        self.forget(key);
        Err(StoreError::Damaged("the sets could not be compared".into()))
    }

    fn work(&self, key: Key, old: Arc<Features>, new: Arc<Features>, plane: Crs) -> Arc<Work> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = known.iter().position(|(found, _)| *found == key)
            && let Some(entry) = known.remove(at)
        {
            let work = Arc::clone(&entry.1);
            known.push_back(entry);
            return work;
        }
        let work = Arc::new(Work { all: old.list.len() + new.list.len(), done: AtomicUsize::new(0), made: watch::Sender::new(None) });
        known.push_back((key, Arc::clone(&work)));
        if known.len() > KEPT {
            known.pop_front();
        }
        let (turn, task) = (Arc::clone(&self.turn), Arc::clone(&work));
        tokio::spawn(async move {
            let _turn = turn.acquire_owned().await;
            let done = Arc::clone(&task);
            let made = tokio::task::spawn_blocking(move || {
                let progress = |count: usize| done.done.store(count, Ordering::Relaxed);
                apart(|| exchange(&features::exchange::zones(&old, &plane), &features::exchange::zones(&new, &plane), &progress))
            });
            task.made.send_replace(Some(made.await.map(Arc::new).map_err(|error| tracing::error!("sets were not compared: {error}"))));
        });
        work
    }

    fn forget(&self, key: Key) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).retain(|(known, _)| *known != key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(code: &str) -> Arc<Features> {
        let ring = "[104.87,21.7],[104.88,21.7],[104.88,21.71],[104.87,21.71],[104.87,21.7]";
        let zone = format!(
            r#"{{"type":"Feature","properties":{{"land_use":"{code}"}},"geometry":{{"type":"Polygon","coordinates":[[{ring}]]}}}}"#
        );
        let text = format!("{{\"type\":\"FeatureCollection\",\"features\":[\n{zone}\n]}}\n");
        Arc::new(Features::parse(&bytes::Bytes::from(text)).expect("canonical"))
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_while_sets_are_compared_is_told_how_far_it_is_and_it_is_made_once() {
        let exchanges = Exchanges::default();
        let plane = Crs::new(9208).expect("known");
        let key = (Digest::of(b"old"), Digest::of(b"new"), plane.epsg);
        let ask = async || exchanges.ask(key, square("LUC"), square("ODT"), plane).await.expect("compared");
        // Another comparison is being made.
        let turn = Arc::clone(&exchanges.turn).acquire_owned().await;
        assert!(matches!(ask().await, Asked::UnderWay(0)));
        let work = exchanges.work(key, square("LUC"), square("ODT"), plane);
        work.done.store(1, Ordering::Relaxed);
        assert!(matches!(ask().await, Asked::UnderWay(50)), "of one zone before and one after");
        drop(turn);
        let Asked::Made(made) = ask().await else { panic!("it is made") };
        let Asked::Made(again) = ask().await else { panic!("it stays") };
        assert!(Arc::ptr_eq(&made, &again) && !made.places.is_empty());
    }
}
