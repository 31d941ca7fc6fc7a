//! The payload of a panic is dropped, wherever the panic is caught, also if its drop panics.

mod support;

use std::panic::panic_any;
use std::sync::Arc;
use std::time::Duration;
use support::{limit, until};
use weftline::park::Deadline;
use weftline::{Executor, Local, ThreadPoolExecutor, Timer, spawn, thread::timer};

type Count = Arc<()>;

/// Panics when it is dropped, with another one, as many times as its number says.
struct Brittle(#[allow(dead_code, reason = "counted")] Count, u32);

impl Drop for Brittle {
    fn drop(&mut self) {
        if self.1 > 0 {
            panic_any(Brittle(self.0.clone(), self.1 - 1));
        }
    }
}

/// Has `way` run a function that panics, and waits until its payload is gone.
#[track_caller]
fn is_dropped(way: impl FnOnce(Box<dyn FnOnce() + Send>)) {
    let count = Count::default();
    let payload = Brittle(count.clone(), 3);
    way(Box::new(move || panic_any(payload)));
    until(|| Arc::strong_count(&count) == 1);
}

#[test]
fn of_a_thread() {
    let _limit = limit();
    is_dropped(|function| drop(spawn(function).join()));
    is_dropped(|function| {
        let handle = spawn(function);
        let thread = handle.thread().clone();
        drop(handle);
        thread.join();
    });
    is_dropped(|function| {
        weftline::scope(|s| drop(s.spawn(function).join()));
    });
    is_dropped(|function| {
        let handle = spawn(function);
        let panicked = handle.join().unwrap_err();
        drop(panicked.clone());
        drop(panicked);
    });
}

#[test]
fn of_a_thread_local_value() {
    struct Runs(Option<Box<dyn FnOnce() + Send>>);
    impl Drop for Runs {
        fn drop(&mut self) {
            self.0.take().into_iter().for_each(|function| function());
        }
    }
    static LOCAL: Local<std::cell::RefCell<Runs>> =
        Local::new(|| std::cell::RefCell::new(Runs(None)));
    let _limit = limit();
    is_dropped(|function| {
        let own = move || LOCAL.with(|runs| runs.borrow_mut().0 = Some(function));
        spawn(own).join().unwrap();
    });
}

#[test]
fn of_an_except_hook() {
    let _limit = limit();
    is_dropped(|function| {
        let function = weftline::Lock::new(Some(function));
        weftline::set_except_hook(move |_, panicked| {
            if panicked.message() == "for the hook" {
                let function = function.lock().take();
                function.into_iter().for_each(|function| function());
            }
        });
        let handle = spawn(|| panic!("for the hook"));
        handle.thread().join();
        drop(handle);
        weftline::reset_except_hook();
    });
}

#[test]
fn of_a_task() {
    let _limit = limit();
    let pool = ThreadPoolExecutor::new(1);
    is_dropped(|function| drop(pool.submit(function).unwrap().result()));
    is_dropped(|function| drop(pool.submit(function).unwrap()));
    is_dropped(|function| pool.spawn(function).unwrap());
    is_dropped(|function| {
        let future = pool.submit(|| 7).unwrap();
        let function = weftline::Lock::new(Some(function));
        future.add_done_callback(move |_| {
            let function = function.lock().take();
            function.into_iter().for_each(|function| function());
        });
        drop(future.result());
    });
    is_dropped(|function| {
        let mut map = pool.map([function], |function| function());
        drop(map.next());
    });
    is_dropped(|function| {
        let broken = ThreadPoolExecutor::builder().max_workers(1);
        let function = weftline::Lock::new(Some(function));
        let broken = broken.initializer(move || {
            let function = function.lock().take();
            function.into_iter().for_each(|function| function());
        });
        drop(broken.build().submit(|| ()));
    });
}

#[test]
fn of_a_timer() {
    let _limit = limit();
    is_dropped(|function| {
        let timer = Timer::new(Duration::ZERO, function);
        timer.start().unwrap();
        assert!(timer.join().is_err());
    });
    is_dropped(|function| {
        timer::raw::schedule(Deadline::PASSED, function).unwrap();
    });
}
