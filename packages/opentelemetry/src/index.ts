export {
  kindeInstrumentation,
  type KindeInstrumentation,
  type KindeInstrumentationConfig,
  type KindeInstrumentationOptions,
} from './instrumentation.js';
