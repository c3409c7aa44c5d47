import type { DemoTexts } from '../demo-texts.js';

const TURKISH: DemoTexts = {
  language: 'Dil',
  theme: 'Tema',
  system: 'Sistem',
  light: 'Açık',
  dark: 'Koyu',
  pitchTitle: 'Mevcut oturum açma yönteminiz için geçiş anahtarları',
  pitchText:
    'Kullanıcılarınız parmak izi, yüz, ekran kilidi veya güvenlik anahtarıyla oturum açar. Kullanıcılarınız, oturum açma yönteminiz ve verileriniz sizde kalır: Keyway kendi sunucularınızda çalışır.',
  step1: 'Herhangi bir adla oturum açın. Bu, uygulamanızın oturum açma yöntemini temsil eder.',
  step2: 'Hesaba bir geçiş anahtarı ekleyin.',
  step3: 'Oturumu kapatın ve ad olmadan geri dönün.',
  signIn: 'Oturum aç',
  userName: 'Kullanıcı adı',
  or: 'veya',
  madeUp: 'Buradaki kullanıcılar uydurmadır ve kimse parola sormaz.',
  signedInAs: '{name} olarak oturum açıldı',
  byName: 'yalnızca adla, bu demoda yeterli olduğu gibi',
  byPasskey: 'geçiş anahtarıyla',
  confirm: 'Siz olduğunuzu onaylayın',
  signOut: 'Oturumu kapat',
  recovery: 'Bu demoda adınızla her zaman yeniden oturum açabilirsiniz.',
  footer:
    'Bu sayfa, uydurma kullanıcılarla bir geliştirme sunucusunda çalışır. Kullanımdaki bir Keyway’in parçası değildir.',
  signedOut: 'Oturumunuz kapatıldı.',
  sessionEnded: 'Oturumunuz sona erdi. Yeniden oturum açın.',
  confirmed: 'Geçiş anahtarıyla onaylandı: {name}.',
  getStarted: 'Başlarken',
  unreachable: 'Sunucuya ulaşılamıyor. Hâlâ çalışıyor mu?',
  slow: 'Sunucunun yanıt vermesi çok uzun sürdü. Yeniden deneyin.',
  badName: 'Bu ad kullanılamaz. “ada” gibi kısa bir ad deneyin.',
  tooOften: 'Çok sık denendi. Biraz bekleyip yeniden deneyin.',
  notAccepted: 'Bu geçiş anahtarı kabul edilmedi. İptal edilmiş olabilir.',
  notProven: 'Oturum açma onaylanamadı. Yeniden deneyin.',
  noPasskeys: 'Onaylamak için henüz bir geçiş anahtarı yok. Önce bir tane ekleyin.',
  cancelled: 'Hiçbir şey onaylanmadı: tarayıcının penceresi kapatıldı veya süre doldu.',
  wrongAddress: 'Geçiş anahtarları bu adreste kullanılamaz. Demoyu localhost’ta açın.',
  otherPrompt: 'Başka bir geçiş anahtarı penceresi hâlâ açık. Kapatıp yeniden deneyin.',
  unknown: 'Bir şeyler ters gitti. Yeniden deneyin.',
};

export default TURKISH;
