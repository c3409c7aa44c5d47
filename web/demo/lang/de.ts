import type { DemoTexts } from '../demo-texts.js';

const GERMAN: DemoTexts = {
  language: 'Sprache',
  theme: 'Farben',
  system: 'System',
  light: 'Hell',
  dark: 'Dunkel',
  pitchTitle: 'Passkeys für Ihre bestehende Anmeldung',
  pitchText:
    'Ihre Nutzer melden sich mit Fingerabdruck, Gesicht, Displaysperre oder Sicherheitsschlüssel an. Nutzer, Anmeldung und Daten bleiben bei Ihnen: Keyway läuft auf Ihren eigenen Servern.',
  step1: 'Melden Sie sich mit irgendeinem Namen an. Das steht für die Anmeldung Ihrer Anwendung.',
  step2: 'Fügen Sie dem Konto einen Passkey hinzu.',
  step3: 'Melden Sie sich ab und kommen Sie ohne den Namen zurück.',
  signIn: 'Anmelden',
  userName: 'Benutzername',
  or: 'oder',
  madeUp: 'Die Nutzer hier sind erfunden, und niemand fragt nach einem Passwort.',
  signedInAs: 'Angemeldet als {name}',
  byName: 'nur mit dem Namen, wie es hier genügt',
  byPasskey: 'mit einem Passkey',
  confirm: 'Bestätigen, dass Sie es sind',
  signOut: 'Abmelden',
  recovery: 'In dieser Demo können Sie sich immer wieder mit Ihrem Namen anmelden.',
  footer:
    'Diese Seite läuft auf einem Entwicklungsserver mit erfundenen Nutzern. Sie ist kein Teil eines betriebenen Keyway.',
  signedOut: 'Sie sind abgemeldet.',
  sessionEnded: 'Ihre Sitzung ist beendet. Melden Sie sich erneut an.',
  confirmed: 'Mit einem Passkey bestätigt: Sie sind {name}.',
  getStarted: 'Erste Schritte',
  unreachable: 'Der Server ist nicht erreichbar. Läuft er noch?',
  slow: 'Der Server hat zu lange nicht geantwortet. Versuchen Sie es erneut.',
  badName: 'Dieser Name ist nicht möglich. Versuchen Sie einen kurzen, etwa „ada“.',
  tooOften: 'Das war zu oft. Warten Sie kurz und versuchen Sie es erneut.',
  notAccepted: 'Dieser Passkey wurde nicht angenommen. Vielleicht wurde er widerrufen.',
  notProven: 'Die Anmeldung konnte nicht bestätigt werden. Versuchen Sie es erneut.',
  noPasskeys: 'Es gibt noch keinen Passkey zum Bestätigen. Fügen Sie zuerst einen hinzu.',
  cancelled:
    'Es wurde nichts bestätigt: Das Fenster des Browsers wurde geschlossen oder die Zeit ist abgelaufen.',
  wrongAddress:
    'Auf dieser Adresse können Passkeys nicht verwendet werden. Öffnen Sie die Demo auf localhost.',
  otherPrompt:
    'Ein anderes Fenster für einen Passkey ist noch offen. Schließen Sie es und versuchen Sie es erneut.',
  unknown: 'Etwas ist schiefgegangen. Versuchen Sie es erneut.',
};

export default GERMAN;
