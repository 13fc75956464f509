"""Made-up names for the demonstration school, as mixed as the streets around it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Community:
    """Names that occur together, the language such a home often speaks, and how common it is here."""

    weight: int
    language: str
    girls: tuple[str, ...]
    boys: tuple[str, ...]
    women: tuple[str, ...]
    men: tuple[str, ...]
    surnames: tuple[str, ...]


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


COMMUNITIES = (
    Community(
        34,
        "en",
        _split(
            "Olivia Amelia Isla Ava Lily Grace Freya Poppy Ella Evie Sienna Daisy Florence Harper Willow Ruby Maisie"
        ),
        _split("Noah George Oliver Leo Arthur Harry Jack Freddie Theo Alfie Archie Henry Oscar Jude Reuben Kai Mason"),
        _split("Emma Sarah Laura Gemma Rebecca Hannah Kelly Natalie Zoe Claire Donna Jade Chloe Leanne Stacey"),
        _split("James Daniel Mark Lee Craig Adam Ryan Matthew Stephen Gary Scott Dean Luke Darren Ben"),
        _split(
            "Smith Jones Taylor Brown Walker Evans Hughes Clarke Bailey Cooper Ward Turner Parker Price Bennett Foster"
        ),
    ),
    Community(
        22,
        "ur",
        _split("Aisha Zara Maryam Fatima Hana Inaya Amna Sana Iqra Zainab Hira Noor Ayesha Safa"),
        _split("Ayaan Yusuf Ibrahim Zayn Hamza Ali Rayyan Bilal Haris Musa Idris Zakariya Danyal Umar"),
        _split("Nadia Saima Shazia Rukhsana Samina Farzana Nasreen Bushra Uzma Tahira Asma Rabia"),
        _split("Imran Asif Tariq Nadeem Shahid Kashif Waqar Adnan Zahid Faisal Sajid Rashid"),
        _split("Khan Hussain Ahmed Iqbal Mahmood Malik Akhtar Shah Mirza Bashir Aslam Qureshi Rafiq Javed"),
    ),
    Community(
        9,
        "bn",
        _split("Tahmina Nusrat Sadia Farhana Lamia Maliha Raisa Tasnim"),
        _split("Rafi Tahmid Arif Nabil Sakib Rayhan Tanvir Imtiaz"),
        _split("Shirin Rehana Salma Nazma Rokeya Sultana Hasina Monira"),
        _split("Kamal Jahangir Rafiqul Shafiq Mizan Anwar Habib Mostafa"),
        _split("Begum Uddin Chowdhury Miah Rahman Islam Haque Alam"),
    ),
    Community(
        8,
        "so",
        _split("Ifrah Hodan Sagal Ayan Hamdi Nasra Idil Sahra"),
        _split("Abdi Guled Liban Mahad Zakaria Ayub Bashiir Samatar"),
        _split("Faduma Hawa Khadra Amina Halimo Ubah Deqa Sucaad"),
        _split("Mohamed Abdullahi Hassan Farah Ismail Omar Yasin Jama"),
        _split("Warsame Abdullahi Farah Nur Hassan Mohamud Elmi Dirie"),
    ),
    Community(
        8,
        "pa",
        _split("Simran Jasleen Harleen Anaya Kiran Manpreet Avneet Gurleen"),
        _split("Arjan Jovan Karan Harvir Jasdeep Rohan Gurbir Veer"),
        _split("Harpreet Jaswinder Balbir Kulwinder Rajvinder Parminder Sukhjit"),
        _split("Gurpreet Jaspal Satnam Ranjit Kuldeep Amarjit Davinder"),
        _split("Singh Gill Dhillon Sandhu Sidhu Grewal Bains Johal"),
    ),
    Community(
        6,
        "ar",
        _split("Layla Salma Rima Huda Yasmin Dalia Rahaf Jana"),
        _split("Omar Karim Anas Sami Tariq Adam Hadi Ziad"),
        _split("Rania Samar Lubna Wafa Hanan Suad Maha"),
        _split("Khaled Mahmoud Nasser Walid Fadi Hisham Saleh"),
        _split("Al-Hamdani el-Sayed Saleh Nasser Haddad Qasim Mansour Al-Yafai"),
    ),
    Community(
        6,
        "ro",
        _split("Ioana Maria Sofia Daria Alexia Elena Bianca"),
        _split("Andrei Ștefan Matei Luca David Rareș Vlad"),
        _split("Mihaela Cristina Gabriela Alina Roxana Simona"),
        _split("Florin Marian Ionuț Cătălin Bogdan Sorin"),
        _split("Ionescu Popa Dumitru Stan Munteanu Lăcătuș Rusu Ciobanu"),
    ),
    Community(
        4,
        "pl",
        _split("Maja Zuzanna Lena Hanna Oliwia Pola"),
        _split("Antoni Jakub Szymon Filip Kacper Łukasz"),
        _split("Agnieszka Katarzyna Magdalena Joanna Ewelina"),
        _split("Marek Piotr Tomasz Paweł Grzegorz"),
        _split("Kowalski Nowak Wójcik Zieliński Łukasik Mazur"),
    ),
    Community(
        3,
        "en",
        _split("Chidera Adaeze Abena Nia Imani Tiana"),
        _split("Chidi Kwame Kofi D’Andre Malachi Jermaine"),
        _split("Ngozi Abimbola Akosua Sharon Marcia Grace"),
        _split("Emeka Tunde Kojo Leroy Winston Samuel"),
        _split("Okafor Adeyemi Mensah Campbell Boateng Francis O’Connor St-Clair"),
    ),
)

PICKS = tuple(community for community in COMMUNITIES for _ in range(community.weight))
"""One entry per unit of weight, so that a plain random choice follows the weights."""
