//! The seqlock of the blocked-on record: a reader sees the words of one show, or none.

use crate::support::*;
use weftline::park::Seqlock;

#[test]
fn a_reader_sees_all_words_of_one_show_or_none() {
    explore(2, || {
        let record = Arc::new(Seqlock::<2>::new());
        let reader = {
            let record = Arc::clone(&record);
            spawn(move || record.read(|| ()))
        };
        for value in [1, 2] {
            record.write(&[value, value]);
            record.show();
            record.hide();
        }
        if let Some((sequence, [first, second], ())) = join(reader) {
            assert_eq!(first, second);
            assert_eq!(sequence, 2 * first - 1);
        }
        assert!(record.read(|| ()).is_none(), "all is hidden");
    });
}

/// What a signal handler does in the middle of the writes of its thread's own wait.
#[test]
fn a_handler_that_restores_what_it_found_mixes_no_words() {
    explore(2, || {
        let record = Arc::new(Seqlock::<2>::new());
        let reader = {
            let record = Arc::clone(&record);
            spawn(move || record.read(|| ()))
        };
        record.write(&[1]);
        record.write(&[2, 2]);
        record.show();
        record.hide();
        record.write(&[1, 1]);
        record.write(&[1, 1]);
        record.show();
        if let Some((_, [first, second], ())) = join(reader) {
            assert_eq!(first, second);
        }
        assert_eq!(record.read(|| ()), Some((3, [1, 1], ())));
    });
}
