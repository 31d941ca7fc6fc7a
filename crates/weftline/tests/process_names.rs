//! Shared objects with names: the object that a name finds, and the names and files that are
//! refused.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use weftline::process::{Array, Event, Lock, SharedError, Value, unlink};

/// A name of this test in this run alone.
fn name(of: &str) -> String {
    format!("weftline-test-{}-{of}", std::process::id())
}

/// The file of the object of that name.
fn path(name: &str) -> String {
    format!("/dev/shm/{name}")
}

/// The promise of these tests: no other program uses their names.
macro_rules! named {
    ($call:expr) => {
        // SAFETY: the name is the test's own. A test writes only to parts of an open object's file
        // that the object has read before, and of which it uses its own copy.
        unsafe { $call }
    };
}

#[test]
fn a_file_that_was_cut_off_is_no_object() {
    let name = name("cut");
    let path = path(&name);
    drop(named!(Array::create(&name, &[1_u64; 10_000])).unwrap());
    let whole = fs::read(&path).unwrap();
    unlink(&name).unwrap();
    // The last file states a greater length than it has.
    let mut boasts = whole.clone();
    let length = boasts
        .windows(8)
        .position(|it| it == 10_000_u64.to_le_bytes());
    boasts[length.unwrap()..][..8].copy_from_slice(&u64::MAX.to_le_bytes());
    for bytes in [&[], &whole[..20], &whole[..100], &whole[..4096], &boasts] {
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let opened = named!(Array::<u64>::open(&name));
        unlink(&name).unwrap();
        assert!(
            matches!(opened, Err(SharedError::Mismatch(_))),
            "{} bytes: {opened:?}",
            bytes.len()
        );
    }
    fs::write(&path, &whole).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let array = named!(Array::<u64>::open(&name)).unwrap();
    unlink(&name).unwrap();
    assert_eq!(*array.lock().unwrap(), [1; 10_000]);
}

#[test]
fn a_name_finds_the_same_object() {
    let name = name("lock");
    let lock = named!(Lock::create(&name, [1_u8, 2])).unwrap();
    let other = named!(Lock::<[u8; 2]>::open(&name)).unwrap();
    lock.lock().unwrap()[0] = 9;
    assert_eq!(*other.lock().unwrap(), [9, 2]);
    assert!(matches!(
        named!(Lock::create(&name, 0_u8)),
        Err(SharedError::Exists(_))
    ));
    let error = named!(Lock::<u32>::open(&name)).unwrap_err();
    assert!(error.to_string().contains("values of 2 bytes"), "{error}");
    let error = named!(Value::<[u8; 2]>::open(&name)).unwrap_err();
    assert!(error.to_string().contains("is a Lock"), "{error}");
    unlink(&name).unwrap();
    assert!(matches!(unlink(&name), Err(SharedError::NotFound(_))));
    assert!(matches!(
        named!(Lock::<[u8; 2]>::open(&name)),
        Err(SharedError::NotFound(_))
    ));
    // A process that has it open keeps it.
    assert_eq!(*other.lock().unwrap(), [9, 2]);
}

#[test]
fn a_bad_name_is_refused() {
    for bad in ["", ".", "..", "a/b", "nul\0", &"x".repeat(256)] {
        assert!(matches!(
            named!(Lock::create(bad, 0_u8)),
            Err(SharedError::BadName(_))
        ));
    }
}

#[test]
fn a_file_that_is_no_object_is_refused() {
    let name = name("text");
    fs::write(
        path(&name),
        "not an object of this library, but long enough",
    )
    .unwrap();
    fs::set_permissions(path(&name), Permissions::from_mode(0o600)).unwrap();
    let error = named!(Lock::<u8>::open(&name)).unwrap_err();
    unlink(&name).unwrap();
    assert!(error.to_string().contains("no object"), "{error}");
}

#[test]
fn a_file_that_other_users_can_write_to_is_refused() {
    let name = name("modes");
    let _event = named!(Event::create(&name)).unwrap();
    assert_eq!(
        fs::metadata(path(&name)).unwrap().permissions().mode() & 0o777,
        0o600
    );
    for mode in [0o620, 0o602, 0o666, 0o777] {
        fs::set_permissions(path(&name), Permissions::from_mode(mode)).unwrap();
        let error = named!(Event::open(&name)).unwrap_err();
        let says = format!("mode {mode:o}");
        assert!(error.to_string().contains(&says), "{error}");
        assert!(matches!(error, SharedError::NotTrusted { .. }), "{error:?}");
    }
    for mode in [0o600, 0o644, 0o400] {
        fs::set_permissions(path(&name), Permissions::from_mode(mode)).unwrap();
        // Only root may open a file to which it may not write.
        match named!(Event::open(&name)) {
            Ok(_) => {}
            Err(SharedError::System(why)) => {
                assert_eq!((mode, why.raw_os_error()), (0o400, Some(libc::EACCES)))
            }
            Err(why) => panic!("mode {mode:o}: {why}"),
        }
    }
    unlink(&name).unwrap();
}

#[test]
fn another_users_object_is_refused_unless_it_is_asked_for() {
    const OTHER: u32 = 12_345;
    let name = name("owner");
    let event = named!(Event::create(&name)).unwrap();
    // SAFETY: a query only.
    let me = unsafe { libc::geteuid() };
    assert!(named!(Event::open_of_user(&name, me)).is_ok());
    let error = named!(Event::open_of_user(&name, OTHER)).unwrap_err();
    assert!(
        matches!(error, SharedError::NotTrusted { owner, .. } if owner == me),
        "{error:?}"
    );
    // Only root gives files away.
    if chown(path(&name), Some(OTHER), None).is_ok() {
        let error = named!(Event::open(&name)).unwrap_err();
        assert!(
            matches!(error, SharedError::NotTrusted { owner: OTHER, .. }),
            "{error:?}"
        );
        let theirs = named!(Event::open_of_user(&name, OTHER)).unwrap();
        event.set();
        assert!(theirs.is_set());
    }
    unlink(&name).unwrap();
}

#[test]
fn a_link_or_a_pipe_of_that_name_is_no_object() {
    let (name, target) = (name("link"), name("target"));
    let _event = named!(Event::create(&target)).unwrap();
    symlink(path(&target), path(&name)).unwrap();
    assert!(named!(Event::open(&name)).is_err());
    unlink(&name).unwrap();
    unlink(&target).unwrap();
    let pipe = std::ffi::CString::new(path(&name)).unwrap();
    // SAFETY: a path.
    assert_eq!(unsafe { libc::mkfifo(pipe.as_ptr(), 0o600) }, 0);
    let opened = named!(Event::open(&name));
    unlink(&name).unwrap();
    assert!(
        matches!(opened, Err(SharedError::Mismatch(_))),
        "{opened:?}"
    );
}

/// Length, parties, bound and capacity are read once, so later writes to them have no effect.
#[test]
fn an_array_is_as_long_as_it_was_when_it_was_opened() {
    use std::os::unix::fs::FileExt;
    let name = name("length");
    let array = named!(Array::create(&name, &[7_u64; 100])).unwrap();
    let file = fs::File::options()
        .read(true)
        .write(true)
        .open(path(&name))
        .unwrap();
    unlink(&name).unwrap();
    let mut bytes = vec![0; 4096];
    file.read_exact_at(&mut bytes, 0).unwrap();
    let length = bytes
        .windows(8)
        .position(|it| it == 100_u64.to_le_bytes())
        .unwrap();
    for says in [u64::MAX, u64::MAX / 8, 1 << 40, 1_000, 0] {
        file.write_all_at(&says.to_le_bytes(), length as u64)
            .unwrap();
        assert_eq!(array.len(), 100);
        assert_eq!(*array.lock().unwrap(), [7; 100]);
    }
}
