import type { DemoTexts } from '../demo-texts.js';

const POLISH: DemoTexts = {
  language: 'Język',
  theme: 'Motyw',
  system: 'Systemowy',
  light: 'Jasny',
  dark: 'Ciemny',
  pitchTitle: 'Klucze dostępu do logowania, które już masz',
  pitchText:
    'Twoi użytkownicy logują się odciskiem palca, twarzą, blokadą ekranu lub kluczem bezpieczeństwa. Użytkownicy, logowanie i dane pozostają Twoje: Keyway działa na Twoich serwerach.',
  step1: 'Zaloguj się dowolną nazwą. Zastępuje ona logowanie Twojej aplikacji.',
  step2: 'Dodaj klucz dostępu do konta.',
  step3: 'Wyloguj się i wróć bez nazwy.',
  signIn: 'Zaloguj się',
  userName: 'Nazwa użytkownika',
  or: 'lub',
  madeUp: 'Użytkownicy są zmyśleni i nikt nie pyta o hasło.',
  signedInAs: 'Zalogowano jako {name}',
  byName: 'samą nazwą, co w tym demo wystarcza',
  byPasskey: 'kluczem dostępu',
  confirm: 'Potwierdź, że to Ty',
  signOut: 'Wyloguj się',
  recovery: 'W tym demo zawsze możesz zalogować się ponownie swoją nazwą.',
  footer:
    'Ta strona działa na serwerze deweloperskim ze zmyślonymi użytkownikami. Nie jest częścią wdrożonego Keyway.',
  signedOut: 'Wylogowano Cię.',
  sessionEnded: 'Twoja sesja się zakończyła. Zaloguj się ponownie.',
  confirmed: 'Potwierdzono kluczem dostępu: to {name}.',
  getStarted: 'Pierwsze kroki',
  unreachable: 'Nie można połączyć się z serwerem. Czy nadal działa?',
  slow: 'Serwer zbyt długo nie odpowiadał. Spróbuj ponownie.',
  badName: 'Tej nazwy nie można użyć. Spróbuj krótkiej, na przykład „ada”.',
  tooOften: 'To było zbyt często. Odczekaj chwilę i spróbuj ponownie.',
  notAccepted: 'Ten klucz dostępu nie został przyjęty. Być może go unieważniono.',
  notProven: 'Nie udało się potwierdzić logowania. Spróbuj ponownie.',
  noPasskeys: 'Nie ma jeszcze klucza dostępu do potwierdzenia. Najpierw go dodaj.',
  cancelled: 'Nic nie potwierdzono: okno przeglądarki zostało zamknięte lub minął czas.',
  wrongAddress: 'Pod tym adresem nie można używać kluczy dostępu. Otwórz demo na localhost.',
  otherPrompt: 'Inne okno klucza dostępu jest nadal otwarte. Zamknij je i spróbuj ponownie.',
  unknown: 'Coś poszło nie tak. Spróbuj ponownie.',
};

export default POLISH;
