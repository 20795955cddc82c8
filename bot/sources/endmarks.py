# ruff: noqa: RUF001 - words of many scripts are its matter
"""The words by which news sites end an article or head a box of other stories, as patterns.

`END_MARKS`: an agency's end mark, anywhere in a paragraph. `RIGHTS`: a copyright line, alone or
at the end of a paragraph. `HEADINGS`: the whole of a box's heading. `NOTICES`: the beginning of a
short paragraph that is no part of the story.
"""

import re

END_MARKS = re.compile(
    r"(?:^|(?<=[\s.!?。」’”\"')])|(?=[(（\[【]))(?:(?:THE )?END\s*(?=[\[(]|$)|\[(?:Copyright|©"
    r"|\(c\))[^\]]*\]?|-\s?30\s?-(?=\s*$)|#\s?#\s?#(?=\s*$)"
    r"|[-–—]{1,2}\s?ENDS?\s?[-–—]{0,2}(?=\s*$)|(?:ENDS|FIN|ENDE)(?=\s*$)"
    r"|[(（\[【<](?:ENDS?|End|Ends|FIN|Fin|FINE|ENDE|Ende|KONIEC|終わり|おわり|了|完|終|끝|конец"
    r"|Конец|النهاية|انتهى)[)）\]】>](?=\s*$)"
    r"|[【((]?(?:記事終わり|終わり|終わる)[】))]?(?=\s*$))"
)

RIGHTS = re.compile(
    r"^\W*(?:©|\(c\)|copyright\b|all rights reserved|tous droits réservés"
    r"|alle rechte vorbehalten|todos los derechos|todos os direitos|tutti i diritti"
    r"|все права защищены|無断転載|版权所有|版權所有|무단\s?전재|wszelkie prawa zastrzeżone)"
    r"|(?<=[.!?。」”\")]\s)(?:©|\(c\)|copyright\s(?:©|\(c\)|\d{4}))[^\n]{1,100}$",
    re.IGNORECASE,
)

HEADINGS = re.compile(
    r"(?:don['’]?t miss(?: (?:it|this|out))?|(?:see|read|watch|learn) (?:also|more|next)"
    r"|also read|more (?:stories|news|articles|headlines|top stories|coverage|reading)"
    r"|more (?:from|on|in|like) \w.{0,40}|related(?: (?:articles?|stories|story|news|content"
    r"|posts?|topics?|links?|coverage|reading|items))?|most (?:read|popular|viewed|shared"
    r"|commented)(?: \w+)?|trending(?: (?:now|stories|news|topics))?|recommended(?: (?:for you"
    r"|stories|articles|reading|videos?))?|you (?:may|might) (?:also )?like"
    r"|you might (?:also )?be interested in.{0,20}|(?:latest|other|top|popular) (?:news"
    r"|stories|articles|posts)|(?:editor['’]?s'?|our) picks?|up next|what to read next"
    r"|next (?:article|story)|in case you missed it|sponsored(?: (?:content|links|stories))?"
    r"|from (?:our partners|around the web)|share this(?: \w+)?|(?:à|a) lire (?:aussi"
    r"|également|ensuite)|lire aussi|sur le même (?:sujet|thème)|voir aussi|les plus lus"
    r"|articles? (?:liés|similaires|connexes)|nos derniers articles|ne manquez pas"
    r"|à ne pas manquer|dans la même rubrique|plus d['’]articles?|(?:lesen sie )?(?:auch"
    r"|mehr) (?:zum thema|dazu|interessant|lesen)|lesen sie (?:auch|mehr|dazu).{0,30}"
    r"|mehr (?:zum thema|aus.{0,30}|artikel|nachrichten)|das könnte (?:sie"
    r"|dich) (?:auch )?interessieren|(?:meist|am meisten) ?gelesen.{0,12}|meistgelesene.{0,12}"
    r"|ähnliche (?:artikel|beiträge)|weitere (?:artikel|themen|meldungen|nachrichten|beiträge)"
    r"|verwandte (?:artikel|themen|beiträge)|nicht verpassen|passend (?:zum thema|dazu)"
    r"|empfohlen(?:e artikel)?|lea (?:también|además|más)|(?:lee|leer|ver|vea|mira) también"
    r"|te puede interesar|no te (?:lo )?pierdas|(?:noticias|artículos|notas"
    r"|contenidos?) relacionad[oa]s?|(?:lo )?más (?:leído|visto|noticias)s?|le puede interesar"
    r"|más información|temas relacionados|leia (?:também|mais)|veja (?:também|mais)"
    r"|notícias relacionadas|mais lidas|não perca|saiba mais|artigos relacionados"
    r"|relacionad[ao]s|últimas notícias|leggi anche|articoli correlati|i più letti"
    r"|da non perdere|potrebbe(?:ro)? interessarti.{0,8}|ti potrebbe(?:ro)? interessare.{0,8}"
    r"|vedi anche|lees (?:ook|verder|meer)|meest gelezen|gerelateerd(?:e artikelen)?"
    r"|mis (?:dit )?niet|meer nieuws|läs (?:också|även|mer)|mest läst[ae]?|missa inte|les også"
    r"|mest lest|læs også|mest læste|gå ikke glip af|lue myös|luetuimmat|przeczytaj (?:także"
    r"|również|też)|czytaj (?:także|też|również|więcej|dalej)|zobacz (?:także|też|również)"
    r"|najczęściej czytane|polecane|nie przegap|powiązane (?:artykuły|tematy)"
    r"|přečtěte si (?:také|též|i)|čtěte (?:také|též)|nejčtenější|související(?: články)?"
    r"|citește și|citeşte şi|olvasd el ezt is|kapcsolódó cikkek|διαβάστε (?:επίσης|ακόμα)"
    r"|σχετικά άρθρα|(?:читайте|смотрите|читать) (?:также|ещё|еще|далее)|по теме"
    r"|материалы по теме|самое читаемое|популярное|новости по теме|не пропустите|рекомендуем"
    r"|другие новости|читайте також|за темою|(?:bunu da oku(?:yun)?|ayrıca okuyun"
    r"|ilgili (?:haberler?|konular)|çok okunanlar|kaçırmayın|önerilen haberler)|baca (?:juga"
    r"|selanjutnya)|berita (?:terkait|terpopuler|lainnya)|jangan lewatkan|artikel terkait"
    r"|(?:xem thêm|đọc thêm|tin liên quan|bài liên quan|đừng bỏ lỡ|đọc nhiều nhất)|関連(?:記事"
    r"|ニュース|リンク|トピックス?|キーワード)|あわせて読みたい|おすすめ(?:の?記事)?"
    r"|人気(?:の?記事|ランキング)|アクセスランキング|最新(?:記事|ニュース)|こちらもおすすめ"
    r"|お見逃しなく|注目(?:の?記事|ニュース)|(?:相关|相關)(?:阅读|閱讀|新闻|新聞|报道|報導"
    r"|文章|推荐)|延伸(?:阅读|閱讀)|(?:推荐|推薦)(?:阅读|閱讀)|热门(?:文章|新闻)|熱門(?:文章"
    r"|新聞)|更多(?:新闻|新聞|报道|報導|文章)|猜你喜欢|不要错过|點閱排行|最多人看"
    r"|관련\s?(?:기사|뉴스)|많이 본 (?:기사|뉴스)|인기\s?(?:기사|뉴스)|추천\s?(?:기사|뉴스)"
    r"|놓치지 마세요|더 보기|최신\s?뉴스|(?:اقرأ|شاهد) (?:أيضا|أيضاً|ايضا|المزيد)"
    r"|مواضيع (?:ذات صلة|متعلقة)|أخبار ذات صلة|الأكثر قراءة|لا تفوت.{0,10}|(?:یہ بھی پڑھیں"
    r"|مزید پڑھیں)|(?:بیشتر بخوانید|اخبار مرتبط|مطالب مرتبط)|(?:यह भी पढ़ें|ये भी पढ़ें"
    r"|इसे भी पढ़ें|संबंधित (?:खबरें|ख़बरें))|(?:ข่าวที่เกี่ยวข้อง|อ่านเพิ่มเติม|ข่าวแนะนำ)"
    r"|(?:קרא עוד|כתבות נוספות|אולי יעניין אותך|עוד בנושא)"
    r"|lisez aussi|derniers articles|à la une|plus d['’]actualités|ne ratez pas|más leíd[oa]s"
    r"|te recomendamos|더 읽어보기|latest|popular|also in the news|(?:in other )?news(?: in brief)?"
    r"|today['’]s top stories|hot topics|ikke gå glip av|ランキング|新着(?:の?記事|ニュース)"
    r"|編集部(?:の)?おすすめ|(?:热门|熱門)(?:推荐|推薦)|最新(?:消息|新闻|新聞)|你可能也(?:喜歡|喜欢)"
    r"|المزيد|อ่านต่อ|самое популярное|ilginizi çekebilir)",
    re.IGNORECASE,
)

NOTICES = re.compile(
    r"(?:never miss|sign up (?:to|for|here)|subscribe (?:to|now|for)|get (?:the (?:latest|best)"
    r"|our)|follow us|click here to|join our (?:newsletter|channel)|crédits? photos?|photo credits?"
    r"|image credits?|abonnez-vous|jetzt abonnieren|newsletter abonnieren|suscríbete"
    r"|assine (?:a|o) |síguenos|suivez-nous|folgen sie uns|seguici|siga-nos)",
    re.IGNORECASE,
)
