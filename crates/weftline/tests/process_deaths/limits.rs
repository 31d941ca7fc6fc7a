//! Refusals of the system.

use crate::herd::Child;
use weftline::process::{Array, Lock, Queue, SharedError};

/// Runs `check` in a child, because a limit stays.
fn limited(resource: libc::__rlimit_resource_t, to: u64, check: impl FnOnce()) {
    Child::that(|| {
        let limit = libc::rlimit {
            rlim_cur: to,
            rlim_max: to,
        };
        // SAFETY: plain call of the system.
        assert_eq!(unsafe { libc::setrlimit(resource, &limit) }, 0);
        check();
    })
    .join();
}

pub(crate) fn too_many_files() {
    limited(libc::RLIMIT_NOFILE, 20, || {
        let mut locks = Vec::new();
        let error = loop {
            match Lock::new(0_u8) {
                Ok(lock) => locks.push(lock),
                Err(error) => break error,
            }
        };
        assert!(locks.len() > 10);
        assert!(matches!(error, SharedError::TooManyFiles(_)), "{error}");
        assert!(error.to_string().contains("ulimit -n"), "{error}");
        // The existing objects are as they were.
        *locks[0].lock().unwrap() += 1;
        drop(locks);
        assert!(Lock::new(0_u8).is_ok());
    });
}

pub(crate) fn little_address_space() {
    limited(libc::RLIMIT_AS, 1 << 30, || {
        let queue = Queue::unbounded().unwrap();
        queue.put(vec![1_u8; 10_000]).unwrap();
        assert_eq!(queue.get().unwrap().len(), 10_000);
    });
}

/// The limit of a file's growth acts like a full machine.
pub(crate) fn no_memory() {
    limited(libc::RLIMIT_FSIZE, 1 << 20, || {
        // SAFETY: the signal that comes with the error is ignored.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
        let queue = Queue::unbounded().unwrap();
        let mut put = 0;
        let error = loop {
            match queue.put(vec![put as u8; 1_000]) {
                Ok(()) => put += 1,
                Err(error) => break error,
            }
        };
        assert!(put > 100, "{put}: {error}");
        assert_eq!(error.into_inner().len(), 1_000);
        // Its items are still there.
        for n in 0..put {
            assert_eq!(queue.get().unwrap(), vec![n as u8; 1_000]);
        }
        queue.put(vec![1]).unwrap();
        assert!(Array::new(&[0_u64; 1 << 20]).is_err());
    });
}
