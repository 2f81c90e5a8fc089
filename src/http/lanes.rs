//! Lanes: an event loop for each core. A connection stays in one, and connections of one client or proxy on
//! this machine stay together: its bytes arrive from one core, near which the system keeps the lane's thread
//! too. An answer that is written on one core and read on another goes from cache to cache, at up to twice
//! the cost.

use std::io;
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};

/// A lane may have so many connections more than the emptiest one: what arrives all on one core is
/// shared out.
const SLACK: usize = 4;

/// Most threads of a lane that wait or work beside it.
const THREADS: usize = 64;

/// Event loops, each of one thread.
pub struct Lanes {
    first: Lane,
    others: Vec<Lane>,
}

struct Lane {
    handle: Handle,
    /// There until the lane is closed.
    runtime: Option<Runtime>,
    /// Held once by the lane and once by each of its connections.
    connections: Arc<()>,
}

impl Lane {
    fn new(number: usize) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        // One worker; while it is held up (`block_in_place`), what waits goes on in another thread.
        builder.worker_threads(1).max_blocking_threads(THREADS).thread_name(format!("lane-{number}")).enable_all();
        let runtime = builder.build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime), connections: Arc::default() })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        // It must not be waited for in an event loop.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Lanes {
    /// One for each core. Errors: the system gives no more event loops.
    pub fn new() -> io::Result<Self> {
        let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self { first: Lane::new(0)?, others: (1..count).map(Lane::new).collect::<io::Result<_>>()? })
    }

    fn each(&self) -> impl Iterator<Item = &Lane> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The lane for a connection from `peer`, which is counted there until what is returned beside it is
    /// dropped.
    pub fn lane(&self, stream: &TcpStream, peer: IpAddr) -> (&Handle, Arc<()>) {
        let counts: Vec<usize> = self.each().map(|lane| Arc::strong_count(&lane.connections) - 1).collect();
        // Whoever is not on this machine has no core here.
        let core = if peer.to_canonical().is_loopback() { core(stream) } else { None };
        let lane = self.each().nth(choose(&counts, core)).unwrap_or(&self.first);
        (&lane.handle, Arc::clone(&lane.connections))
    }

    /// Lets what runs beside the connections end, for so long at most. Waits.
    pub fn close(mut self, patience: Duration) {
        let until = Instant::now() + patience;
        let lanes = std::iter::once(&mut self.first).chain(&mut self.others);
        let runtimes = lanes.filter_map(|lane| lane.runtime.take());
        runtimes.for_each(|runtime| runtime.shutdown_timeout(until.saturating_duration_since(Instant::now())));
    }
}

/// The core on which a connection's bytes arrive (`SO_INCOMING_CPU`).
#[cfg(target_os = "linux")]
fn core(stream: &TcpStream) -> Option<usize> {
    socket2::SockRef::from(stream).cpu_affinity().ok()
}

#[cfg(not(target_os = "linux"))]
fn core(_: &TcpStream) -> Option<usize> {
    None
}

/// The lane of a core, unless it has so many more connections than the emptiest, which it is then.
fn choose(counts: &[usize], core: Option<usize>) -> usize {
    let (emptiest, least) = counts.iter().enumerate().min_by_key(|(_, count)| **count).map_or((0, 0), |(index, count)| (index, *count));
    let own = core.and_then(|core| core.checked_rem(counts.len()));
    own.filter(|own| counts.get(*own).is_some_and(|count| *count < least + SLACK)).unwrap_or(emptiest)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_connection_goes_to_the_lane_of_its_core_unless_that_is_much_fuller() {
        assert_eq!(choose(&[0, 0], Some(1)), 1);
        assert_eq!(choose(&[0, 3], Some(1)), 1);
        assert_eq!(choose(&[0, 4], Some(1)), 0);
        // More cores than lanes, and none known.
        assert_eq!(choose(&[1, 0], Some(6)), 0);
        assert_eq!(choose(&[1, 0], None), 1);
    }

    #[test]
    fn connections_that_arrive_on_one_core_are_shared_out_and_counted_until_they_end() {
        let lanes = Lanes { first: Lane::new(0).expect("a thread"), others: vec![Lane::new(1).expect("a thread")] };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let stream = TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
        let counts = || lanes.each().map(|lane| Arc::strong_count(&lane.connections) - 1).collect::<Vec<_>>();
        let held: Vec<_> = (0..20).map(|_| lanes.lane(&stream, Ipv4Addr::LOCALHOST.into()).1).collect();
        assert_eq!(counts().iter().sum::<usize>(), 20);
        assert!(counts()[0].abs_diff(counts()[1]) <= SLACK, "{:?}", counts());
        drop(held);
        assert_eq!(counts(), [0, 0]);
        // From elsewhere they are shared out evenly.
        let held: Vec<_> = (0..8).map(|_| lanes.lane(&stream, Ipv4Addr::new(192, 0, 2, 7).into()).1).collect();
        assert_eq!(counts(), [4, 4]);
        drop(held);
        lanes.close(Duration::from_secs(1));
    }
}
