"""Han characters that are one character written in several ways.

- `_SAME`: simplified, traditional and Japanese forms, and variants in names. Whoever writes one
  means the others too, so each group folds to its first, in queries as in texts: 湾, 灣.
- `_MERGED`: one character that simplified or Japanese writing has for several, each of which
  traditional writing tells apart, as 发 is 發 (to issue) and 髮 (hair). They fold to themselves; a
  query takes them as alternatives: 发展 finds 發展 and 理髮 finds 理发, but 發 is never 髮.

Alternatives are taken only beside another word, which says what is meant: the lone 麵 (noodles)
would find every 面 (face), 拉麵 finds 拉面 and nothing else.

The groups are facts of the writing systems; the Unihan database has them as kSimplifiedVariant,
kTraditionalVariant and kZVariant, the Japanese ones are of the list for general use. The first
3,755 characters of GB 2312, those of everyday text, are complete.
"""

from itertools import chain, islice, product
from typing import Final

_SAME = """
    东東 车車 军軍 马馬 门門 问問 间間 闻聞 开開 长長 张張 风風 飞飛 鸟鳥 鱼魚 岛島嶋嶌 贝貝 见見
    规規 视視 亲親 页頁 题題 额額 领領 头頭 顶頂 项項 顺順 顾顧 频頻 类類 韩韓 韦韋 卫衛衞 违違
    伟偉 进進 远遠 运運 连連 还還 这這 过過 达達 迁遷 选選 逻邏 遗遺 辽遼 适適 邮郵 邓鄧 郑鄭
    邻鄰隣 阳陽 阴陰 队隊 际際 陆陸 陈陳 阵陣 阶階 难難 离離 隶隸隷 报報 议議 话話 语語 谈談 论論
    记記 计計 设設 认認 讨討 训訓 讯訊 评評 识識 诉訴 词詞 试試 诗詩 诚誠 该該 详詳 请請 诸諸 课課
    谁誰 调調 谅諒 谢謝 谋謀 谓謂 谭譚 谱譜 护護 访訪 许許 讲講 诊診 诈詐 误誤 诱誘 谊誼 诺諾 绩績
    红紅 约約 级級 纪紀 纯純 纳納 纷紛 纸紙 线線綫 组組 细細 织織 终終 绍紹 结結 给給 络絡 统統
    维維 综綜 缅緬 缓緩 编編 缩縮 纽紐 绕繞 网網 罗羅 罚罰 买買 贸貿 费費 贺賀 资資 赛賽 财財 责責
    败敗 货貨 质質 购購 贯貫 贵貴 贷貸 贫貧 负負 贡貢 赔賠 赵趙 贤賢 赢贏 轨軌 轮輪 软軟 轰轟 较較
    载載 辅輔 辈輩 输輸 农農 业業 书書 习習 亿億 仅僅 仓倉 仪儀 们們 众眾衆 优優 伤傷 伦倫 债債
    倾傾 偿償 备備俻 侦偵 侧側 俩倆 兰蘭 兴興 养養 冈岡 册冊 决決 况況 冻凍 凉涼 减減 凤鳳 凯凱
    刘劉 则則 刚剛 创創 剧劇 办辦 务務 动動 势勢 华華 协協 卢盧 厂廠 厉厲 叹嘆歎 吕呂 吗嗎 启啟啓
    员員 咏詠 响響 唤喚 啸嘯 园園 圣聖 场場塲 块塊 坚堅 执執 扫掃 扬揚 扰擾 抚撫 抢搶 拟擬 拥擁
    挂掛 挡擋 挤擠 挥揮 捞撈 损損 换換 掷擲 摆擺 撑撐 敌敵 无無 时時 旷曠 术術 杀殺 杨楊 极極 构構
    枪槍 柜櫃 标標 栏欄 树樹 桥橋 档檔 梦夢 毕畢 汉漢 汤湯 沟溝 沪滬 洁潔 测測 浓濃 涌湧 润潤 涨漲
    渊淵 渔漁 渐漸 溃潰 滚滾 滩灘 灭滅 灾災 热熱 爱愛 爷爺 牵牽 犹猶 狮獅 猪豬 玛瑪 环環 现現 珐琺
    琼瓊 电電 畅暢 疗療 疯瘋 疮瘡 监監 盖蓋 盘盤 真眞 码碼 砖磚 确確 碍礙 祸禍 种種 积積 穷窮 竞競
    笔筆 简簡 粮糧 紧緊 纠糾 纲綱 罢罷 职職 联聯 胁脅 胜勝 腾騰 舆輿 舰艦 节節 苹蘋 荐薦 萧蕭 蓝藍
    萨薩 虑慮 虽雖 补補 袭襲 订訂 贪貪 跃躍 踪蹤 辑輯 迹跡蹟 钓釣 钢鋼 铜銅 银銀 销銷 锁鎖 锦錦
    键鍵 镇鎮鎭 镜鏡 锋鋒 错錯 锡錫 闭閉 闲閑閒 阁閣 阔闊 陕陝 雾霧 顽頑 饥飢饑 饭飯 饮飲 馆館舘
    饰飾 饼餅 驻駐 驶駛 骂罵 骗騙 骑騎 鲁魯 鲜鮮 鸣鳴 鸿鴻 鹰鷹 厦廈 宁寧甯 宾賓 宪憲 审審 导導
    寻尋 尔爾 尝嘗 层層 岂豈 岗崗 岭嶺 币幣 帅帥 师師 帐帳 帮幫 庆慶 库庫 弃棄 异異 强強 彻徹 忆憶
    态態 怜憐 惊驚 惧懼 惩懲 惯慣 愤憤 愿願 扑撲 凑湊 够夠 瑶瑤 誊謄 轧軋 镰鎌鐮 颐頤 鹤鶴 凛凜
    墙牆 妇婦 娱娛 孙孫 尧堯 庐廬 斩斬 栖棲 浊濁 砺礪 箪簞 肠腸 胀脹 胶膠 脉脈 腊臘 艳艷豔 苍蒼
    荆荊 萝蘿 薮藪 蕴蘊 蝉蟬 尸屍 杆桿 杯盃 沾霑 熏燻 蔑衊 霉黴 哗嘩 喂餵 恤卹 赶趕 趋趨 跷蹺 轴軸
    逊遜 铃鈴 链鏈 锅鍋 锐銳鋭 闸閘 闹鬧 飘飄 饱飽 饿餓 驰馳 驳駁 驾駕 骄驕 鲍鮑 鹏鵬 丧喪 临臨
    丽麗 义義 乌烏 个個箇 伞傘 侠俠 侨僑 储儲 兑兌 冯馮 凭憑 吓嚇 呕嘔 啰囉 喷噴 坟墳 坠墜 垦墾
    夸誇 夺奪 奋奮 妈媽 娄婁 婴嬰 宠寵 宫宮 屿嶼 巩鞏 帜幟 庙廟 弑弒 忧憂 恳懇 扪捫 挚摯 搁擱 携攜
    敛斂 晕暈 暂暫 枣棗 栋棟 桩樁 槛檻 毙斃 氢氫 沥瀝 沧滄 泻瀉 浆漿 涝澇 涡渦 溅濺 潍濰 炽熾 烂爛
    烛燭 焕煥 牍牘 狱獄 玺璽 畴疇 瘫癱 皱皺 盏盞 睁睜 瞒瞞 硕碩 础礎 祯禎 稣穌 窜竄 筹籌 篮籃 粪糞
    纬緯 纱紗 纺紡 绑綁 绥綏 绵綿緜 缉緝 缔締 缝縫 缠纏 缴繳 耸聳 肤膚 肿腫 胧朧 腻膩 舱艙 莹瑩
    虏虜 蚀蝕 蛊蠱 衔銜 诀訣 讽諷 讼訟 诏詔 诡詭 诞誕 询詢 诬誣 诵誦 谎謊 谐諧 谨謹 谦謙 谬謬 贞貞
    贴貼 贿賄 赁賃 赂賂 赋賦 赌賭 赎贖 赏賞 赠贈 轩軒 轿轎 辉輝 辐輻 辖轄 郸鄲 酝醞 鉴鑒鑑 钥鑰
    钦欽 钻鑽 铅鉛 铭銘 锻鍛 镑鎊 镶鑲 闪閃 闯闖 阎閻 陨隕 隽雋 韧韌 颁頒 颂頌 颗顆 颠顛 颤顫 馈饋
    驴驢 骆駱 骤驟 鲸鯨 鳄鱷鰐 鸦鴉 鸭鴨 鸽鴿 鹅鵝 账賬 冰氷 崎﨑嵜 高髙 桑桒 略畧 清淸 窗窓窻 郎郞
    姬姫 慎愼 槙槇 瓶甁 熙煕 丛叢 丢丟 么麼 乔喬 亏虧 亩畝 侣侶 侥僥 侩儈 兹茲 凿鑿 删刪 刽劊 剐剮
    剥剝 劲勁 匀勻 卧臥 厌厭 厢廂 厨廚 厩廄 叁叄 吨噸 呐吶 呛嗆 呜嗚 咙嚨 哟喲 嚣囂 囱囪 坞塢 垄壟
    垫墊 堑塹 壶壺 夹夾 娇嬌 婶嬸 孪孿 尘塵 屉屜 屡屢 岿巋 峦巒 崭嶄 帧幀 幂冪 庞龐 怂慫 悯憫 惫憊
    惭慚 惮憚 慑懾 懒懶 抛拋 抠摳 抡掄 拢攏 拣揀 拦攔 拧擰 拨撥 挛攣 挝撾 挞撻 挠撓 挣掙 捡撿 捣搗
    掳擄 掸撣 掺摻 揽攬 搀攙 搂摟 摈擯 摊攤 撵攆 擞擻 攒攢 晒曬 枫楓 柠檸 栅柵 桨槳 椭橢 橱櫥 歼殲
    毡氈 汹洶 沤漚 沦淪 泞濘 洒灑 洼窪 浇澆 浑渾 涟漣 涣渙 涤滌 涧澗 渍漬 渗滲 滤濾 滥濫 滦灤 澜瀾
    濒瀕 灿燦 烁爍 烃烴 烦煩 烩燴 烫燙 烬燼 犊犢 狈狽 狞獰 狰猙 獭獺 琐瑣 瓮甕 疟瘧 疡瘍 痈癰 痉痙
    痒癢 痪瘓 瘪癟 癣癬 皑皚 瞩矚 矫矯 矾礬 砚硯 砾礫 硷礆 秃禿 秆稈 秽穢 窍竅 窑窯 窝窩 窥窺 竖豎
    笋筍 笺箋 笼籠 筛篩 箩籮 篓簍 篱籬 粤粵 纫紉 纶綸 纹紋 练練 绅紳 绊絆 绎繹 绒絨 绚絢 绞絞 绢絹
    绦絛 绰綽 绸綢 绽綻 缀綴 缄緘 缆纜 缎緞 缕縷 缚縛 缨纓 缮繕 羡羨 翘翹 耻恥 聂聶 聋聾 肮骯 肾腎
    脐臍 脓膿 脸臉 艰艱 芜蕪 苇葦 茧繭 荚莢 荤葷 荧熒 莲蓮 蓟薊 蔷薔 蔼藹 虱蝨 虾蝦 蚁蟻 蚂螞 蛰蟄
    蜕蛻 蜗蝸 蝇蠅 衅釁 衬襯 袄襖 袜襪 裤褲 觅覓 讣訃 讥譏 讫訖 讳諱 讶訝 讹訛 诅詛 诌謅 诛誅 诣詣
    诧詫 诫誡 诲誨 诽誹 谆諄 谍諜 谗讒 谚諺 谜謎 谤謗 谩謾 谰讕 谴譴 贩販 贬貶 贮貯 贱賤 贼賊 贾賈
    赃贓 赊賒 赐賜 赘贅 赚賺 赡贍 赣贛 踌躊 蹿躥 躯軀 辊輥 辕轅 辗輾 辙轍 辫辮 迈邁 邹鄒 郧鄖 钉釘
    钎釺 钒釩 钙鈣 钝鈍 钞鈔 钠鈉 钡鋇 钧鈞 钨鎢 钩鉤 钮鈕 钳鉗 钵鉢缽 钾鉀 铀鈾 铂鉑 铆鉚 铝鋁
    铡鍘 铣銑 铬鉻 铰鉸 铱銥 锄鋤 锈鏽 锌鋅 锑銻 锗鍺 锚錨 锣鑼 锤錘 锥錐 锨鍁 锭錠 锯鋸 锰錳 锹鍬
    镀鍍 镁鎂 镊鑷 镍鎳 镐鎬 镣鐐 镭鐳 闰閏 闷悶 闺閨 闽閩 阀閥 阂閡 阉閹 阐闡 阑闌 陇隴 雇僱 雏雛
    韵韻 顷頃 顿頓 颅顱 颇頗 颈頸 颊頰 颓頹 颧顴 饯餞 饲飼 饵餌 饶饒 饺餃 馁餒 馅餡 馋饞 馏餾 馒饅
    驭馭 驮馱 驯馴 驹駒 驼駝 骇駭 骋騁 骏駿 骡騾 鲤鯉 鳃鰓 鳞鱗 鸯鴦 鸳鴛 鸵鴕 鹃鵑 鹊鵲 龋齲 龚龔
    凄悽淒 凌淩 凶兇 别別 卤鹵滷 厘釐 吃喫 坝壩垻 奸姦 巨鉅 幸倖 彩綵 念唸 扣釦 杰傑 杠槓 梁樑 欲慾
    毁毀燬譭 泛氾汎 背揹 荡蕩盪 荫蔭廕 酸痠 针針鍼 铲鏟剷 雕鵰 绷繃綳 噪譟 弦絃 悬懸 乘乗 乱亂 亙亘
    亚亞亜 佛仏 来來 假仮 传傳伝 伪偽僞 价價価 俭倹儉 儿兒児 内內 两両兩 刹剎 剩剰 剑劍剣劔 剂劑剤
    劳勞労 勋勳勲 励勵 劝勧勸 区區 却卻 参參 吴吳呉 咒呪 哑啞唖 单單単 嘘噓 噛嚙 严厳嚴 嘱囑 圈圏
    国國圀 围圍囲 圆圓円 图圖図 团団團 增増 堕墮 压壓圧 垒壘塁 坏壞壊 壤壌 壮壯 壹壱 寿壽 奥奧
    奖獎奨奬 妆妝粧 娘孃嬢 学學斈 寝寢 实實実 写寫 宽寬寛 宝寶寳 将將 专専專 对對対 届屆 属屬 峰峯
    峡峽 岳嶽 岩巖巌 巢巣 带帶帯 厕廁厠 废廢廃 广廣広 厅廳庁 弹彈弾 弥彌瀰 弯彎 彦彥 径徑 从從従
    德徳 恒恆 悦悅 惠恵 恶惡悪 恼悩惱 惨慘 应應応 怀懷懐 恋戀 战戰戦 戏戲戯 户戶戸 戾戻 拂払 拔抜
    拜拝 挟挾 插挿 揭掲 搔掻 摇搖揺 搜蒐捜 摑掴 择擇択 击擊撃 担擔 据據拠 扩擴拡 摄攝摂 搅攪撹 收収
    效効 敕勅 叙敘敍 数數 断斷 晋晉 晚晩 昼晝 暨曁 晓曉暁 曾曽 会會 枡桝 查査 条條 栈棧桟 棱稜 榆楡
    荣榮栄 乐樂楽 楼樓 枢樞 样樣様 横橫 检檢検 樱桜櫻 权權権 欧歐 欢歡歓 步歩 岁歲歳 归歸帰 残殘
    壳殻殼 殴毆 每毎 气氣気 污汚 没沒 涉渉 泪淚涙 净淨浄 浅淺 渴渇 泼潑溌 溪渓 温溫 湿濕溼 滞滯
    满滿満 潜潛濳 涩渋澀 泽澤沢 济濟済 涛濤 滨濱浜 滝瀧泷 瀬瀨濑 湾灣 焰焔 灯燈 烧焼燒 营營営 炉爐
    争爭 为爲為 床牀 牺犠犧 状狀 狭狹 独獨 猎獵猟 兽獸獣 献獻 产產産 画畫 叠畳疊 疏疎 痹痺 瘦痩
    痴癡 皋皐 盗盜 碎砕 秘祕 禄祿 禅禪 礼禮 祷禱 税稅 称稱 稻稲 颖穎頴 穗穂 稳穩穏 穣穰 灶竈竃 窃竊
    粹粋 糉粽 绝絕絶 经經経 绿綠緑 绪緒緖 缘緣縁 县縣県 纵縱縦 总總総 绣繡繍 绳繩縄 绘繪絵 继繼継
    续續続 纤繊纖 群羣 聪聡聰 声聲 听聽聴 肃肅粛 唇脣 脱脫 脑腦脳 脚腳 胆膽 与與 举舉挙擧 旧舊 荔茘
    庄莊荘 茎莖 烟煙菸 莱萊 万萬 蒋蔣 葱蔥 薫薰 藏蔵 药藥薬 芦蘆 处処處 虚虛 号號 萤蛍螢 虫蟲
    蜡蠟蝋 蚕蠶 蛮蠻 装裝 觉覺覚 览覽覧 观觀観 触觸 说說説 谣謠謡 证證証 译譯訳 誉譽 读讀読 变變変
    让讓譲 丰豐豊 猫貓 贰弐貳 卖賣売 赖賴頼 赞贊賛讚 贗贋 践踐 轻輕軽 辆輛輌 转轉転 辞辭 递遞逓
    遥遙 迟遲遅 边邊辺邉 乡鄉郷 醋酢 醉酔 醱醗 医醫 酱醬醤 酿醸釀 释釋釈 铺鋪舗 录錄録 钱錢銭
    炼煉錬鍊 铁鐵鉄 铸鋳鑄 矿礦鑛鉱 阅閱閲 关關関 陷陥 随隨 险險険 隐隱隠 双雙 杂雜雑 鸡鷄雞鶏 霸覇
    灵靈霊 静靜 颜顔顏 显顯顕 骚騷騒 驱驅駆 验驗験 駅驛驿 髓髄 体體躰軆 鳖鱉鼈 鸥鷗鴎 碱鹼鹸 盐塩鹽
    麦麥 黄黃 黑黒 默黙 点點 党黨 齐齊斉 斋齋斎 齿齒歯 龄齡齢 龙龍竜 龟龜亀
"""
# The character that has taken several in, `=`, those that it stands for, each with its forms.
_MERGED = """
    发=發発/髮髪 须須=鬚 谷=穀 云=雲 冲=沖/衝 划=劃 占=佔 历=歷歴/曆暦 叶=葉 坛=壇/罈 斗=鬥闘鬪
    汇=匯/彙 沈=瀋 游=遊 签=簽/籤 获=獲/穫 里=裏裡 郁=鬱 钟=鐘/鍾 余=餘 后=後 复=復/複/覆 尽盡=儘
    征=徵徴 卷巻=捲 干=乾/幹 系=係/繫繋 脏=臟臓/髒 蒙=濛/矇 表=錶 制=製 采=採 致=緻 周=週 回=迴
    志=誌 范=範 松=鬆 向=嚮 困=睏 布=佈 才=纔 扎=紮 板=闆 朴=樸 注=註 症=癥 秋=鞦 千=韆 借=藉
    面=麵麺麪 只=隻/祇衹 升=昇/陞 舍舎=捨 吊=弔 同=衕 吁=籲 御=禦 托=託 折=摺 仑=侖/崙 筑=築 机=機
    克=剋尅 苏蘇=甦 当當=噹 并=並竝/併 淀=澱 丑=醜 了=瞭 于=於 仆=僕 伙=夥 佣=傭 准=準 几=幾 出=齣
    刮=颳 卜=蔔 咸=鹹 姜=薑 家=傢 帘=簾 愈=癒 昆=崑 曲=麴麹 栗=慄 涂=塗 胡=鬍/衚 辟=闢 暗=闇
    台臺=颱/檯 弁=辩辯/辨/瓣 芸=艺藝 欠=缺 糸=丝絲 予=预預/豫 著=着
"""
MOST_WAYS: Final = 16  # in which a phrase is looked for


def _folded() -> dict[str, str]:
    merged = [part for group in _MERGED.split() for part in group.replace("=", "/").split("/")]
    return {char: group[0] for group in (*_SAME.split(), *merged) for char in group[1:]}


def _alternatives() -> dict[str, tuple[str, ...]]:
    """Of each folded character that is merged with others: itself, then those that it may be."""
    found: dict[str, tuple[str, ...]] = {}
    for group in _MERGED.split():
        taking, _, taken = group.partition("=")
        merged = taking[0]
        for part in taken.split("/"):
            found[merged] = (*found.get(merged, (merged,)), part[0])
            found[part[0]] = (*found.get(part[0], (part[0],)), merged)
    return found


VARIANTS: Final = _folded()
_ALTERNATIVES: Final = _alternatives()


def ways(words: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """How else folded *words* may be written, as they stand first: at most `MOST_WAYS`.

    Those that are all of one kind of writing come before mixtures.
    """
    if len(words) == 1 or _ALTERNATIVES.keys().isdisjoint(words):
        return (words,)
    each = [_ALTERNATIVES.get(word, (word,)) for word in words]
    of_one_kind = (
        tuple(some[min(at, len(some) - 1)] for some in each) for at in range(max(map(len, each)))
    )
    found = dict.fromkeys(chain(of_one_kind, islice(product(*each), MOST_WAYS)))
    return tuple(islice(found, MOST_WAYS))
