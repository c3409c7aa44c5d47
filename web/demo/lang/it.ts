import type { DemoTexts } from '../demo-texts.js';

const ITALIAN: DemoTexts = {
  language: 'Lingua',
  theme: 'Tema',
  system: 'Sistema',
  light: 'Chiaro',
  dark: 'Scuro',
  pitchTitle: 'Passkey per l’accesso che hai già',
  pitchText:
    'I tuoi utenti accedono con l’impronta, il volto, il blocco schermo o una chiave di sicurezza. Utenti, accesso e dati restano tuoi: Keyway gira sui tuoi server.',
  step1: 'Accedi con un nome qualsiasi: sta per l’accesso della tua applicazione.',
  step2: 'Aggiungi una passkey all’account.',
  step3: 'Esci e torna senza il nome.',
  signIn: 'Accedi',
  userName: 'Nome utente',
  or: 'oppure',
  madeUp: 'Gli utenti sono inventati e nessuno chiede una password.',
  signedInAs: 'Accesso eseguito come {name}',
  byName: 'con il solo nome, come basta in questa demo',
  byPasskey: 'con una passkey',
  confirm: 'Conferma che sei tu',
  signOut: 'Esci',
  recovery: 'In questa demo puoi sempre accedere di nuovo con il tuo nome.',
  footer:
    'Questa pagina gira su un server di sviluppo con utenti inventati. Non fa parte di un Keyway in produzione.',
  signedOut: 'Sei uscito.',
  sessionEnded: 'La sessione è terminata. Accedi di nuovo.',
  confirmed: 'Confermato con una passkey: sei {name}.',
  getStarted: 'Primi passi',
  unreachable: 'Il server non è raggiungibile. È ancora attivo?',
  slow: 'Il server ha impiegato troppo tempo a rispondere. Riprova.',
  badName: 'Questo nome non si può usare. Provane uno breve, come “ada”.',
  tooOften: 'Troppi tentativi. Aspetta un momento e riprova.',
  notAccepted: 'Questa passkey non è stata accettata. Potrebbe essere stata revocata.',
  notProven: 'Non è stato possibile confermare l’accesso. Riprova.',
  noPasskeys: 'Non c’è ancora una passkey con cui confermare. Aggiungine prima una.',
  cancelled: 'Nulla è stato confermato: la finestra del browser è stata chiusa o il tempo è scaduto.',
  wrongAddress: 'Le passkey non si possono usare a questo indirizzo. Apri la demo su localhost.',
  otherPrompt: 'È ancora aperta un’altra finestra per una passkey. Chiudila e riprova.',
  unknown: 'Qualcosa è andato storto. Riprova.',
};

export default ITALIAN;
