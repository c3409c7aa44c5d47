import type { DemoTexts } from '../demo-texts.js';

const SPANISH: DemoTexts = {
  language: 'Idioma',
  theme: 'Tema',
  system: 'Sistema',
  light: 'Claro',
  dark: 'Oscuro',
  pitchTitle: 'Llaves de acceso para el inicio de sesión que ya tienes',
  pitchText:
    'Tus usuarios inician sesión con la huella, el rostro, el bloqueo de pantalla o una llave de seguridad. Conservas tus usuarios, tu inicio de sesión y tus datos: Keyway funciona en tus propios servidores.',
  step1: 'Inicia sesión con cualquier nombre. Representa el inicio de sesión de tu aplicación.',
  step2: 'Añade una llave de acceso a la cuenta.',
  step3: 'Cierra la sesión y vuelve sin el nombre.',
  signIn: 'Iniciar sesión',
  userName: 'Nombre de usuario',
  or: 'o',
  madeUp: 'Los usuarios son inventados y nadie pide una contraseña.',
  signedInAs: 'Sesión iniciada como {name}',
  byName: 'solo con el nombre, como permite esta demo',
  byPasskey: 'con una llave de acceso',
  confirm: 'Confirmar que eres tú',
  signOut: 'Cerrar sesión',
  recovery: 'En esta demo siempre puedes volver a iniciar sesión con tu nombre.',
  footer:
    'Esta página funciona en un servidor de desarrollo con usuarios inventados. No forma parte de un Keyway en producción.',
  signedOut: 'Has cerrado la sesión.',
  sessionEnded: 'Tu sesión ha terminado. Inicia sesión de nuevo.',
  confirmed: 'Confirmado con una llave de acceso: eres {name}.',
  getStarted: 'Primeros pasos',
  unreachable: 'No se puede contactar con el servidor. ¿Sigue en marcha?',
  slow: 'El servidor tardó demasiado en responder. Inténtalo de nuevo.',
  badName: 'Este nombre no sirve. Prueba uno corto, como «ada».',
  tooOften: 'Han sido demasiadas veces. Espera un momento e inténtalo de nuevo.',
  notAccepted: 'Esta llave de acceso no se ha aceptado. Puede que se haya revocado.',
  notProven: 'No se pudo confirmar el inicio de sesión. Inténtalo de nuevo.',
  noPasskeys: 'Todavía no hay ninguna llave de acceso con la que confirmar. Añade una primero.',
  cancelled: 'No se ha confirmado nada: se cerró la ventana del navegador o se agotó el tiempo.',
  wrongAddress: 'Las llaves de acceso no se pueden usar en esta dirección. Abre la demo en localhost.',
  otherPrompt: 'Hay otra ventana de llave de acceso abierta. Ciérrala e inténtalo de nuevo.',
  unknown: 'Algo ha salido mal. Inténtalo de nuevo.',
};

export default SPANISH;
