export {
  kindeInstrumentation,
  type KindeInstrumentation,
  type KindeInstrumentationOptions,
} from './instrumentation.js';
