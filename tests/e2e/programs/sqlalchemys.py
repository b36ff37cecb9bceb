"""SQLAlchemy's object-relational mapper over SQLite in memory, with a session full of loaded and changed objects."""
import sys

try:
    import sqlalchemy
    from sqlalchemy import orm
except ImportError:
    print("SQLAlchemy is not installed for this interpreter")
    sys.exit(77)

import oracle_twin

Base = orm.declarative_base()


class Author(Base):
    __tablename__ = "authors"
    id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
    name = sqlalchemy.Column(sqlalchemy.String(50))
    books = orm.relationship("Book", back_populates="author")


class Book(Base):
    __tablename__ = "books"
    id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
    title = sqlalchemy.Column(sqlalchemy.String(50))
    author_id = sqlalchemy.Column(sqlalchemy.ForeignKey("authors.id"))
    author = orm.relationship("Author", back_populates="books")


engine = sqlalchemy.create_engine("sqlite://")
Base.metadata.create_all(engine)
session = orm.Session(engine)
for i in range(40):
    session.add(Author(name="author %d" % i, books=[Book(title="book %d.%d" % (i, k)) for k in range(5)]))
session.commit()
found = session.query(Author).filter(Author.name.like("%1%")).all()
titles = [book.title for author in found for book in author.books]
found[0].name = "changed"
session.add(Book(title="pending"))
assert titles
oracle_twin.take()
session.close()
