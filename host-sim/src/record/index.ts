// From a run to plain data that a report draws.

export * from './model.ts';
export {createRecorder, type Recorder, type RecorderOptions} from './recorder.ts';
export {type RecordedRun, type RecordedSeed, recordRehearsal, recordRun} from './rehearsal.ts';
