/* Emoji with the names by which they can be typed, as `markup` knows them: for picking and for offering. */

(() => {
  "use strict";
  const LIST = `😀 grinning 😄 smile 😂 joy 🤣 rofl 😅 sweat_smile 🙂 slightly_smiling_face 😉 wink 😊 blush 😇 innocent 😍 heart_eyes
    😋 yum 😜 stuck_out_tongue_winking_eye 😎 sunglasses 🤓 nerd_face 🥳 partying_face 🤔 thinking 🤨 raised_eyebrow 😐 neutral_face
    🙄 roll_eyes 😏 smirk 😬 grimacing 😕 confused 😳 flushed 🥺 pleading_face 😢 cry 😭 sob 😡 rage 😱 scream 😴 sleeping
    🤯 exploding_head 🤗 hugs 🤷 shrug 🤦 facepalm 🙈 see_no_evil 👍 +1 👎 -1 👏 clap 🙌 raised_hands 🙏 pray 👋 wave 💪 muscle
    👀 eyes 🤝 handshake ✌️ v 👌 ok_hand 🤞 crossed_fingers ❤️ heart 💔 broken_heart 💯 100 🔥 fire ✨ sparkles ⭐ star 🎉 tada
    🎁 gift 🎂 birthday 🏆 trophy 🚀 rocket 💡 bulb ⚠️ warning ❗ exclamation ❓ question ✅ white_check_mark ❌ x
    ⏳ hourglass_flowing_sand 🐛 bug 🔧 wrench 🔨 hammer 🔒 lock 🔑 key 🔍 mag 📌 pushpin 📎 paperclip 📝 memo 📖 book 📦 package
    💻 computer 📱 iphone 📷 camera 🎵 musical_note ☕ coffee 🍺 beer 🍕 pizza 🍰 cake 🚂 steam_locomotive 🚲 bike 🌍 earth_africa
    ☀️ sunny 🌧️ cloud_with_rain ❄️ snowflake 🌈 rainbow 🌱 seedling 🐱 cat 🐶 dog 🐧 penguin`.trim().split(/\s+/);
  const all = Array.from({ length: LIST.length / 2 }, (_, place) => LIST.slice(2 * place, 2 * place + 2));

  /* Those whose name has this in it: those that begin with it come first, and of these the shortest. */
  function named(part) {
    const typed = part.toLowerCase();
    const rank = ([, name]) => (name.startsWith(typed) ? 0 : 100) + name.length;
    const found = all.filter(([, name]) => name.includes(typed));
    return found.sort((one, other) => rank(one) - rank(other)).map(([character]) => character);
  }

  globalThis.forumEmoji = { all, named, nameOf: (character) => all.find(([each]) => each === character)[1] };
})();
