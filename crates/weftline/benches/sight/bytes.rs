//! The memory that sight takes while no report is made.

use crate::{Options, print};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, which counts.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: passes everything on.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

pub(crate) fn measure(options: &Options) {
    let row = "bytes of a thread's record";
    if options.wants(row) {
        let record = std::thread::spawn(|| {
            let before = ALLOCATED.load(Ordering::Relaxed);
            weftline::Semaphore::new(0).try_acquire_for(1, std::time::Duration::from_nanos(1));
            ALLOCATED.load(Ordering::Relaxed) - before
        });
        print(row, record.join().unwrap());
    }
    let objects = [
        ("Lock", size_of::<weftline::Lock<()>>()),
        ("RLock", size_of::<weftline::RLock<()>>()),
        ("RwLock", size_of::<weftline::RwLock<()>>()),
        ("Condition", size_of::<weftline::Condition<()>>()),
        ("Event", size_of::<weftline::Event>()),
        ("Semaphore", size_of::<weftline::Semaphore>()),
        ("Barrier", size_of::<weftline::Barrier>()),
        ("Queue", size_of::<weftline::Queue<usize>>()),
        ("SimpleQueue", size_of::<weftline::SimpleQueue<usize>>()),
    ];
    for (name, bytes) in objects {
        let row = format!("bytes of a {name}");
        if options.wants(&row) {
            print(&row, bytes);
        }
    }
}
