import type { DemoTexts } from '../demo-texts.js';

const DUTCH: DemoTexts = {
  language: 'Taal',
  theme: 'Thema',
  system: 'Systeem',
  light: 'Licht',
  dark: 'Donker',
  pitchTitle: 'Passkeys voor de login die je al hebt',
  pitchText:
    'Je gebruikers loggen in met een vingerafdruk, hun gezicht, de schermvergrendeling of een beveiligingssleutel. Gebruikers, login en gegevens blijven van jou: Keyway draait op je eigen servers.',
  step1: 'Log in met een willekeurige naam. Die staat voor de login van je applicatie.',
  step2: 'Voeg een passkey toe aan het account.',
  step3: 'Log uit en kom terug zonder de naam.',
  signIn: 'Inloggen',
  userName: 'Gebruikersnaam',
  or: 'of',
  madeUp: 'De gebruikers zijn verzonnen en niemand vraagt om een wachtwoord.',
  signedInAs: 'Ingelogd als {name}',
  byName: 'alleen met de naam, wat in deze demo volstaat',
  byPasskey: 'met een passkey',
  confirm: 'Bevestig dat jij het bent',
  signOut: 'Uitloggen',
  recovery: 'In deze demo kun je altijd weer met je naam inloggen.',
  footer:
    'Deze pagina draait op een ontwikkelserver met verzonnen gebruikers. Ze hoort niet bij een Keyway in bedrijf.',
  signedOut: 'Je bent uitgelogd.',
  sessionEnded: 'Je sessie is beëindigd. Log opnieuw in.',
  confirmed: 'Bevestigd met een passkey: jij bent {name}.',
  getStarted: 'Aan de slag',
  unreachable: 'De server is niet bereikbaar. Draait hij nog?',
  slow: 'De server deed te lang over een antwoord. Probeer het opnieuw.',
  badName: 'Deze naam kan niet. Probeer een korte, zoals “ada”.',
  tooOften: 'Dat was te vaak. Wacht even en probeer het opnieuw.',
  notAccepted: 'Deze passkey is niet geaccepteerd. Misschien is hij ingetrokken.',
  notProven: 'Het inloggen kon niet worden bevestigd. Probeer het opnieuw.',
  noPasskeys: 'Er is nog geen passkey om mee te bevestigen. Voeg er eerst een toe.',
  cancelled: 'Er is niets bevestigd: het venster van de browser is gesloten of de tijd is verstreken.',
  wrongAddress: 'Passkeys kunnen op dit adres niet worden gebruikt. Open de demo op localhost.',
  otherPrompt: 'Er staat nog een ander passkeyvenster open. Sluit het en probeer het opnieuw.',
  unknown: 'Er is iets misgegaan. Probeer het opnieuw.',
};

export default DUTCH;
